"""The data set by which the cost of many images is measured."""

from pathlib import Path

from benchmarks.scale import PART_SIZE, SHARED_FILES, make_images, records, write_config
from wsss_core.settings.experiment import Experiment
from wsss_core.stages.plan import Plan


def test_many_images_are_names_of_few_files(tmp_path: Path) -> None:
    make_images(tmp_path, 250)
    files = {path.stat().st_ino for path in (tmp_path / "images").iterdir()}
    assert len(list((tmp_path / "images").iterdir())) == 250
    assert len(files) == SHARED_FILES


def test_the_plan_has_a_part_for_every_thousand_images(tmp_path: Path) -> None:
    count = PART_SIZE + 50
    make_images(tmp_path, count)
    plan = Plan(Experiment.load(write_config(tmp_path)))
    cams, labels = plan.find("cams"), plan.find("affinity_labels")
    assert plan.parts(cams) == (0, 1)
    assert len(plan.ids(cams)) == count
    assert len(plan.ids(cams, [1])) == 50
    assert len(plan.ids(labels)) == SHARED_FILES
    assert plan.parts(labels) == (0,)
    assert [record.image_id for record in records(tmp_path, count)] == plan.ids(cams)
