import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from wsss_core.artifacts.affinity_labels import IrLabelRow
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import FORMATS, Row
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.artifacts.parts import PartWriter
from wsss_core.artifacts.rle import encode_masks
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
    assert "seeds of 3 images of pets/seeds written to out" in result.output
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


@pytest.fixture
def instances(results: Path) -> Path:
    """A stage `instances` beside `seeds`, with two overlapping instances in the first image."""
    folder = results / "pets/instances"
    masks = encode_masks(np.array([[[True, True, False]] * 2, [[False, True, True]] * 2]))
    rows = [InstanceRow("holiday/beach", (2, 3), np.array([1, 2], np.int32), np.array([0.5, 0.75], np.float32), masks)]
    rows.append(InstanceRow("third", (3, 1), np.zeros(0, np.int32), np.zeros(0, np.float32), ()))
    with PartWriter(folder / "parts/00000.arrow", FORMATS["instances"].schema) as writer:
        for row in rows:
            writer.append(FORMATS["instances"].encode(row))
    about = {"kind": "instances", "experiment": "pets", "stage": "instances", "inputs": {"data": "pets/data"}}
    (folder / "stage.json").write_text(json.dumps(about))
    return folder


def test_instances_become_coco_objects_with_scores(instances: Path) -> None:
    result = export("pets/instances", "--format", "coco", "--out", "instances.json")
    assert result.exit_code == 0, result.output
    assert "instances of 2 images of pets/instances written to instances.json" in result.output
    content = json.loads(Path("instances.json").read_text())
    assert [(one["category_id"], one["score"]) for one in content["annotations"]] == [(2, 0.75), (1, 0.5)]
    assert [category["name"] for category in content["categories"]] == ["cat", "dog"]


def test_instances_become_object_and_class_pngs_the_surest_on_top(instances: Path) -> None:
    assert export("pets/instances", "--out", "out").exit_code == 0
    np.testing.assert_array_equal(read_label_png("out/SegmentationObject/holiday%2Fbeach.png"), [[2, 1, 1]] * 2)
    np.testing.assert_array_equal(read_label_png("out/SegmentationClass/holiday%2Fbeach.png"), [[1, 2, 2]] * 2)
    assert not read_label_png("out/SegmentationObject/third.png").any()


@pytest.mark.parametrize(
    ("stage", "form", "known"),
    [
        ("seeds", "coco", "voc-png or coco-rle or coco-polygons or label-studio or cvat"),
        ("instances", "coco-rle", "voc-png or coco"),
    ],
)
def test_a_format_of_another_kind_is_refused(instances: Path, stage: str, form: str, known: str) -> None:
    result = export(f"pets/{stage}", "--format", form, "--out", "x")
    assert result.exit_code == 2
    assert f"{stage} can be exported as {known}" in result.stderr
    assert f"not as {form}" in result.stderr


def test_a_stage_must_be_named(results: Path) -> None:
    result = export("pets", "--out", "out")
    assert result.exit_code == 2
    assert "expected EXPERIMENT/STAGE" in result.stderr


@pytest.mark.parametrize("kind", ["regions", "classifier", "evaluation"])
def test_stages_of_other_kinds_cannot_be_exported(results: Path, kind: str) -> None:
    (results / f"pets/{kind}").mkdir()
    (results / f"pets/{kind}/stage.json").write_text(json.dumps({"kind": kind}))
    result = export(f"pets/{kind}", "--out", "out")
    assert result.exit_code == 2
    assert f"is of kind {kind}" in result.stderr


def write_rows(results: Path, kind: str, row: Row, **about: object) -> None:
    folder = results / "pets" / kind
    with PartWriter(folder / "parts/00000.arrow", FORMATS[kind].schema) as writer:
        writer.append(FORMATS[kind].encode(row))
    (folder / "stage.json").write_text(json.dumps({"kind": kind, **about}))


GRID = np.full((1, 2, 3), 0.5, np.float32)
CAM = CamRow("holiday/beach", (2, 3), np.array([2], np.int32), (GRID,), (2, 3), normalise=False)


def test_cams_are_exported_as_psa_dictionaries_by_default(results: Path) -> None:
    write_rows(results, "cams", CAM)
    result = export("pets/cams", "--out", "out")
    assert result.exit_code == 0, result.output
    assert result.output == "cams of 1 images of pets/cams written to out\n"
    content = np.load("out/holiday%2Fbeach.npy", allow_pickle=True).item()
    assert list(content) == [1]
    np.testing.assert_array_equal(content[1], GRID[0])


@pytest.mark.parametrize(
    ("kind", "form", "known"),
    [
        ("seeds", "psa-npy", "voc-png or coco-rle or coco-polygons"),
        ("cams", "voc-png", "psa-npy or irn-npy or fma-npz"),
        ("affinity_labels", "irn-npy", "psa-crf-npy or voc-png"),
    ],
)
def test_a_format_of_another_kind_is_refused_with_those_of_the_kind(
    results: Path, kind: str, form: str, known: str
) -> None:
    if kind != "seeds":
        (results / f"pets/{kind}").mkdir()
        (results / f"pets/{kind}/stage.json").write_text(json.dumps({"kind": kind}))
    result = export(f"pets/{kind}", "--format", form, "--out", "out")
    assert result.exit_code == 2
    assert f"{kind} can be exported as {known}" in result.stderr
    assert f"not as {form}" in result.stderr


def test_affinity_labels_of_another_method_name_it(results: Path) -> None:
    write_rows(results, "affinity_labels", IrLabelRow("a", np.zeros((2, 3), np.uint8)), method="ir_label")
    result = export("pets/affinity_labels", "--format", "psa-crf-npy", "--out", "out")
    assert result.exit_code == 2
    assert "the affinity_labels of ir_label cannot be exported as psa-crf-npy" in result.stderr


def test_scores_without_a_background_are_told(results: Path) -> None:
    write_rows(results, "refined_cams", CAM)
    result = export("pets/refined_cams", "--format", "psa-crf-npy", "--out", "out")
    assert result.exit_code == 2
    assert "image 'holiday/beach': expected scores with a background channel" in result.stderr


def test_a_stage_that_is_being_made_anew_is_refused(results: Path) -> None:
    about = json.loads((results / "pets/seeds/stage.json").read_text())
    (results / "pets/seeds/stage.json").write_text(json.dumps({**about, "parts": 3}))
    result = export("pets/seeds", "--out", "out")
    assert result.exit_code == 2
    assert "is being made anew" in result.stderr
    assert not Path("out").exists()


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
