"""The configurations that mix publications: they share stages, their splits fit, nothing in them claims a figure."""

import shutil
from pathlib import Path

import pytest

from wsss_core.settings.experiment import Experiment
from wsss_core.stages.plan import Plan

CONFIG = Path(__file__).resolve().parents[2] / "config"
MIXED = sorted(CONFIG.glob("voc12_mixed_*.yaml"))


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """A copy of the configurations whose VOC is a folder of three empty images."""
    lists = tmp_path / "VOC2012/ImageSets/Segmentation"
    lists.mkdir(parents=True)
    (tmp_path / "VOC2012/JPEGImages").mkdir()
    for split, ids in {"train": "a", "train_aug": "a\nb", "val": "c"}.items():
        (lists / f"{split}.txt").write_text(ids + "\n")
    for path in CONFIG.glob("voc12_*.yaml"):
        shutil.copy(path, tmp_path)
        text = path.read_text().replace("root: data/VOC2012", f"root: {tmp_path / 'VOC2012'}")
        (tmp_path / path.name).write_text(text)
    return tmp_path


def test_there_are_at_least_four_combinations() -> None:
    assert len(MIXED) >= 4


@pytest.mark.parametrize("path", MIXED, ids=lambda path: path.stem)
def test_every_stage_has_inputs_on_its_splits(path: Path, configs: Path) -> None:
    plan = Plan(Experiment.load(configs / path.name))
    for stage in plan.experiment.stages.values():
        assert plan.inputs(stage)
        assert stage.kind not in ("data", "cams")  # those are the other experiments'


@pytest.mark.parametrize("path", MIXED, ids=lambda path: path.stem)
def test_stages_of_the_publications_are_shared_and_no_figure_is_expected(path: Path, configs: Path) -> None:
    experiment = Experiment.load(configs / path.name)
    used = {ref.split("/")[0] for stage in experiment.stages.values() for refs in stage.inputs.values() for ref in refs}
    assert used - {experiment.name} <= {"voc12_irn", "voc12_fma", "voc12_psa_resnet38"}
    assert used - {experiment.name}
    assert not any(stage.expected for stage in experiment.stages.values())
