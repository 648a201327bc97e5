import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from wsss_core.artifacts.formats import FORMATS
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.artifacts.parts import PartWriter
from wsss_core.cli import main
from wsss_core.data.labels import read_label_png

LABELS = {
    "holiday/beach": np.array([[0, 1, 1], [2, 255, 0]], np.uint8),
    "../outside": np.zeros((2, 2), np.uint8),
    "third": np.full((3, 1), 2, np.uint8),
}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An experiment `pets` whose stage `seeds` has two parts."""
    monkeypatch.chdir(tmp_path)
    pets = tmp_path / "results/pets"
    records = tuple(
        ImageRecord(image_id, f"{image_id}.jpg", *label_HW.shape, ("train",), 0)
        for image_id, label_HW in LABELS.items()
    )
    Manifest(("background", "cat", "dog"), records, "none", "none").write(pets / "data/manifest.arrow")
    rows = [LabelRow(image_id, label_HW) for image_id, label_HW in LABELS.items()]
    for number, some in enumerate((rows[:2], rows[2:])):
        with PartWriter(pets / f"seeds/parts/{number:05d}.arrow", FORMATS["seeds"].schema) as writer:
            for row in some:
                writer.append(FORMATS["seeds"].encode(row))
    about = {"kind": "seeds", "experiment": "pets", "stage": "seeds", "inputs": {"data": "pets/data"}}
    (pets / "seeds/stage.json").write_text(json.dumps(about))
    return tmp_path / "results"


def export(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["export", *arguments])


def test_pngs_hold_the_label_ids_of_every_image(results: Path) -> None:
    result = export("pets/seeds", "--out", "out")
    assert result.exit_code == 0, result.output
    assert "3 label maps of pets/seeds written to out" in result.output
    written = sorted(path.name for path in Path("out").iterdir())
    assert written == ["%2E.%2Foutside.png", "holiday%2Fbeach.png", "third.png"]
    np.testing.assert_array_equal(read_label_png("out/holiday%2Fbeach.png"), LABELS["holiday/beach"])


def test_no_id_leads_out_of_the_folder(results: Path) -> None:
    export("pets/seeds", "--out", "deep/out")
    assert {path.parent for path in results.parent.rglob("*.png")} == {results.parent / "deep/out"}


def test_coco_json_has_the_classes_of_the_data(results: Path) -> None:
    result = export("pets/seeds", "--format", "coco-rle", "--out", "seeds.json")
    assert result.exit_code == 0, result.output
    content = json.loads(Path("seeds.json").read_text())
    assert [category["name"] for category in content["categories"]] == ["cat", "dog"]
    assert [image["wsss_id"] for image in content["images"]] == list(LABELS)
    assert [annotation["category_id"] for annotation in content["annotations"]] == [1, 2, 2]


def test_an_exported_stage_scores_full_marks_against_itself(results: Path) -> None:
    export("pets/seeds", "--out", "out")
    result = CliRunner().invoke(main, ["evaluate", "out", "--truth", "out", "--classes", "2"])
    assert "3 images, mIoU 100.00" in result.output


def test_a_stage_must_be_named(results: Path) -> None:
    result = export("pets", "--out", "out")
    assert result.exit_code == 2
    assert "expected EXPERIMENT/STAGE" in result.stderr


def test_only_label_maps_can_be_exported(results: Path) -> None:
    (results / "pets/cams").mkdir()
    (results / "pets/cams/stage.json").write_text(json.dumps({"kind": "cams"}))
    result = export("pets/cams", "--out", "out")
    assert result.exit_code == 2
    assert "is of kind cams" in result.stderr


def test_an_unfinished_stage_is_refused(results: Path) -> None:
    (results / "pets/predictions").mkdir()
    result = export("pets/predictions", "--out", "out")
    assert result.exit_code == 2
    assert "holds no finished stage" in result.stderr


def test_a_stage_that_does_not_name_its_data_is_refused(results: Path) -> None:
    (results / "pets/seeds/stage.json").write_text(json.dumps({"kind": "seeds"}))
    result = export("pets/seeds", "--format", "coco-rle", "--out", "x.json")
    assert result.exit_code == 2
    assert "which data stage" in result.stderr
