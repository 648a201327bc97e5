"""The sets that people bring, from `wsss new` over `doctor` to a report: two classes, one, many, none on an image."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result
from in_process import run_experiment
from own_images import make_tiny, write_photos, write_tags

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.cli import main
from wsss_core.exchange.corrections import correction_reader
from wsss_core.stages.per_image import rows_of

IMAGES = 12


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def wsss(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def chain(folder: Path) -> Manifest:
    """Doctor, then the whole tiny chain; every image has a prediction. The manifest."""
    make_tiny(folder / "photos.yaml", folder / "results")
    examined = wsss("doctor", "photos.yaml")
    assert examined.exit_code == 0, examined.output
    run_experiment(folder / "photos.yaml")
    results = folder / "results/photos"
    manifest = Manifest.read(results / "data")
    rows = [row for row in rows_of(results / "predictions", "predictions") if isinstance(row, LabelRow)]
    assert len(rows) == len(manifest.records)
    assert all(int(row.label_HW.max()) < len(manifest.classes) for row in rows)
    assert (results / "report/report.html").is_file()
    return manifest


def seeds_of(folder: Path) -> dict[str, set[int]]:
    rows = rows_of(folder / "results/photos/seeds", "seeds")
    return {row.image_id: set(np.unique(row.label_HW).tolist()) for row in rows if isinstance(row, LabelRow)}


@pytest.mark.parametrize(
    ("nothing", "options"), [("intact", ["--no-class", "intact"]), ("background", [])], ids=["named", "background"]
)
def test_a_binary_problem_in_two_sub_folders(here: Path, nothing: str, options: Sequence[str]) -> None:
    names = [f"{'crack' if number % 2 else nothing}/{number}.png" for number in range(IMAGES)]
    write_photos(here, {name: [name.split("/")[0]] for name in names}, ["crack"])
    result = wsss("new", "--images", "photos", *options)
    assert result.exit_code == 0, result.output
    assert "1 class" in result.output
    manifest = chain(here)
    assert manifest.classes == ("background", "crack")
    for image_id, labels in seeds_of(here).items():
        assert labels <= ({0, 1} if image_id.startswith("crack") else {0})


def test_images_without_any_class_stay_and_are_background(here: Path) -> None:
    tags = {f"{number}.png": (["cat"], ["cat", "dog"], [])[number % 3] for number in range(IMAGES)}
    write_photos(here, tags, ["cat", "dog"])
    write_tags(here / "tags.csv", tags)
    assert wsss("new", "--images", "photos", "--tags", "tags.csv", "--truth", "masks").exit_code == 0
    manifest = chain(here)
    without = [record.image_id for record in manifest.records if not record.tags]
    assert len(without) == IMAGES // 3
    assert {tuple(seeds_of(here)[image_id]) for image_id in without} == {(0,)}
    compared = wsss("compare", "photos")
    assert compared.exit_code == 0, compared.output
    assert "predictions" in compared.output


def test_one_class_that_every_image_has_runs_but_is_warned_of(here: Path) -> None:
    tags = {f"{number}.png": ["cat"] for number in range(IMAGES)}
    write_photos(here, tags, ["cat"])
    write_tags(here / "tags.csv", tags)
    assert wsss("new", "--images", "photos", "--tags", "tags.csv").exit_code == 0
    assert "every image of split 'train' has the tag cat" in wsss("doctor", "photos.yaml").output
    chain(here)


def test_a_class_called_background_cannot_be_asked_for(here: Path) -> None:
    tags = {f"{number}.png": [("background", "cat")[number % 2]] for number in range(IMAGES)}
    write_photos(here, tags, ["cat"])
    write_tags(here / "tags.csv", tags)
    result = wsss("new", "--images", "photos", "--tags", "tags.csv", "--classes", "background,cat")
    assert result.exit_code == 2
    assert "background" in result.stderr
    assert "no_class" in result.stderr or "--no-class" in result.stderr


def many(here: Path, count: int, images: int = 30) -> list[str]:
    """Images with a tenth of the classes each, in tags and masks."""
    classes = [f"class {number:03d}" for number in range(count)]
    tags = {f"{number}.png": classes[number::images] for number in range(images)}
    write_photos(here, tags, classes)
    write_tags(here / "tags.csv", tags)
    return classes


def test_three_hundred_classes_run_and_their_masks_go_out_and_come_back(here: Path) -> None:
    classes = many(here, 300)
    result = wsss("new", "--images", "photos", "--tags", "tags.csv", "--truth", "masks")
    assert result.exit_code == 0, result.output
    assert "300 classes" in result.output
    assert "(ignore)" not in (here / "photos.yaml").read_text()
    manifest = chain(here)
    assert manifest.classes == ("background", *classes[:253], "(unlabelled)", "(ignore)", *classes[253:])
    seen = set().union(*seeds_of(here).values())
    assert max(seen) > 255
    figures = json.loads((here / "results/photos/evaluation/seeds.json").read_text())
    assert not {"(unlabelled)", "(ignore)"} & set(figures["splits"]["train"]["iou_per_class"])
    assert "300 classes" in (here / "results/photos/report/report.html").read_text()
    corrected, ids = {}, [record.image_id for record in manifest.records]
    for form, name in {"voc-png": "", "coco-rle": "masks.json", "cvat": "masks.xml"}.items():
        out = here / form / name
        exported = wsss("export", "photos/seeds", "--format", form, "--out", out)
        assert exported.exit_code == 0, exported.output
        read = correction_reader(out, manifest.classes, True, ids)
        corrected[form] = {record.image_id: read(record) for record in manifest.records}
    for row in rows_of(here / "results/photos/seeds", "seeds"):
        assert isinstance(row, LabelRow)
        for form, maps in corrected.items():
            np.testing.assert_array_equal(maps[row.image_id], row.label_HW, err_msg=form)
    scored = wsss("evaluate", "voc-png", "--truth", "masks", "--classes", 300)
    assert scored.exit_code == 0, scored.output
    assert "class 300" in scored.output
    assert "ignore" not in scored.output


def test_tags_that_are_not_listed_can_be_left_out(here: Path) -> None:
    classes = many(here, 20, images=IMAGES)
    options = ["--classes", ",".join(classes[:3]), "--drop-other-tags"]
    result = wsss("new", "--images", "photos", "--tags", "tags.csv", *options)
    assert result.exit_code == 0, result.output
    assert yaml.safe_load((here / "photos.yaml").read_text())["stages"]["data"]["unlisted_tags"] == "drop"
    assert "3 classes" in result.output
