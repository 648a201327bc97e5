"""Evaluation of whole stages, from parts and truth files to the JSON and CSV files."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_experiment import CLASSES, EVALUATED, FakeExperiment

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.instance_weighted_iou import instance_counts
from wsss_core.evaluation.iou import class_iou, mean_over_present
from wsss_core.settings.base import SettingsError
from wsss_core.settings.evaluation import PooledSettings


@pytest.fixture
def experiment(tmp_path: Path) -> FakeExperiment:
    return FakeExperiment(tmp_path)


def miou(document: dict[str, object], split: str) -> float:
    return document["splits"][split]["miou"]  # type: ignore[index, no-any-return]


def truths(experiment: FakeExperiment, split: str) -> dict[str, np.ndarray]:
    return {name: experiment.scenes[name].truth_HW for name in experiment.ids if split in experiment.splits[name]}


@pytest.mark.parametrize("stage", EVALUATED)
def test_every_kind_has_figures_on_every_split_with_truth(experiment: FakeExperiment, stage: str) -> None:
    document = experiment.evaluate(stage)
    assert document["split_order"] == ["train", "val"]
    for split, images in (("train", 6), ("val", 4)):
        figures = document["splits"][split]  # type: ignore[index]
        assert figures["images"] == images
        assert 0 < figures["miou"] <= 1
        assert 0 < figures["boundary_iou"] <= 1
        assert list(figures["iou_per_class"]) == sorted(CLASSES)
        assert (figures["curve"] is None) == (stage not in ("cams", "refined_cams"))
    assert document["tags_used_as_input"] is (stage in ("cams", "refined_cams", "instances", "seeds"))


def test_truth_itself_scores_one_and_an_empty_map_only_background(experiment: FakeExperiment) -> None:
    perfect = [LabelRow(name, scene.truth_HW) for name, scene in experiment.scenes.items()]
    experiment.write_rows("seeds", perfect)
    document = experiment.evaluate("seeds")
    assert miou(document, "train") == miou(document, "val") == 1.0
    assert document["splits"]["val"]["ignored"] == 0.0  # type: ignore[index]
    experiment.write_rows("seeds", [LabelRow(row.image_id, np.zeros_like(row.label_HW)) for row in perfect])
    figures = experiment.evaluate("seeds")["splits"]["val"]  # type: ignore[index]
    present = [name for name, value in figures["recall_per_class"].items() if value is not None]
    assert {name for name in present if figures["iou_per_class"][name]} == {"background"}


def test_label_maps_give_the_figures_of_a_plain_computation(experiment: FakeExperiment) -> None:
    rows = {name: experiment.row("predictions", name) for name in experiment.ids}
    experiment.write_rows("predictions", list(rows.values()))
    total = np.zeros((len(CLASSES), len(CLASSES) + 1), np.int64)
    for name, truth in truths(experiment, "val").items():
        row = rows[name]
        assert isinstance(row, LabelRow)
        total += confusion_counts(truth, row.label_HW, len(CLASSES))
    figures = experiment.evaluate("predictions")["splits"]["val"]  # type: ignore[index]
    assert figures["confusion"] == total.tolist()
    assert figures["miou"] == pytest.approx(float(mean_over_present(class_iou(total))), abs=1e-6)


def test_val_is_reported_at_the_best_threshold_of_train(experiment: FakeExperiment) -> None:
    document = experiment.evaluate("cams")
    train, val = (document["splits"][split] for split in ("train", "val"))  # type: ignore[index]
    assert document["threshold_chosen_on"] == "train"
    assert train["threshold"] == train["best_threshold"] == val["threshold"]
    assert train["miou"] == train["best_miou"] == max(train["curve"]["miou"])
    place = val["curve"]["thresholds"].index(val["threshold"])
    assert val["miou"] == val["curve"]["miou"][place] <= val["best_miou"]


def test_figures_of_val_do_not_move_the_threshold(experiment: FakeExperiment) -> None:
    before = experiment.evaluate("cams")["splits"]["train"]["threshold"]  # type: ignore[index]
    rows = []
    for name in experiment.ids:
        row = experiment.row("cams", name)
        assert isinstance(row, CamRow)
        rows.append(row)
    generator = np.random.default_rng(1)
    changed = [
        row
        if "train" in experiment.splits[row.image_id]
        else CamRow(
            row.image_id, row.size_hw, row.class_ids, (generator.random(row.maps[0].shape),), row.canvas_hw, True
        )
        for row in rows
    ]
    experiment.write_rows("cams", rows)
    first = experiment.evaluate("cams")
    experiment.write_rows("cams", changed)
    second = experiment.evaluate("cams")
    assert first["splits"]["train"] == second["splits"]["train"]  # type: ignore[index]
    assert second["splits"]["val"]["threshold"] == first["splits"]["val"]["threshold"]  # type: ignore[index]
    assert miou(second, "val") < miou(first, "val")
    assert 0 < before < 1


def test_a_stage_that_covers_val_alone_is_reported_at_the_default(experiment: FakeExperiment) -> None:
    path = experiment.folder("cams") / "stage.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"splits": ["val"]}))
    document = experiment.evaluate("cams")
    assert document["split_order"] == ["val"]
    assert document["splits"]["val"]["threshold"] == 0.2  # type: ignore[index]
    assert document["threshold_chosen_on"] is None
    assert "default 0.2" in document["notes"][0]  # type: ignore[index]


def test_boundary_iou_can_be_left_out(experiment: FakeExperiment) -> None:
    with_it = experiment.evaluate("cams")["splits"]["val"]  # type: ignore[index]
    without = experiment.evaluate("cams", PooledSettings(boundary=False))["splits"]["val"]  # type: ignore[index]
    assert without["boundary_iou"] is None
    assert {key: value for key, value in without.items() if "boundary" not in key} == {
        key: value for key, value in with_it.items() if "boundary" not in key
    }


@pytest.mark.parametrize("stage", ["seeds", "cams"])
def test_images_can_be_weighted_by_their_instances(experiment: FakeExperiment, stage: str) -> None:
    settings = PooledSettings(boundary=False, by_instance=True)
    assert experiment.evaluate(stage)["splits"]["val"]["miou_by_instance"] is None  # type: ignore[index]
    figures = experiment.evaluate(stage, settings)["splits"]["val"]  # type: ignore[index]
    assert 0 < figures["miou_by_instance"] < 1
    experiment.write_rows("seeds", [LabelRow(name, scene.truth_HW) for name, scene in experiment.scenes.items()])
    counts = [
        instance_counts(scene.truth_HW, scene.object_HW, len(CLASSES))
        for scene in (experiment.scenes[name] for name in truths(experiment, "val"))
    ]
    perfect = experiment.evaluate("seeds", settings)["splits"]["val"]  # type: ignore[index]
    assert perfect["miou_by_instance"] == pytest.approx(np.mean(np.sum(counts, axis=0) > 0), abs=1e-6)
    assert set(perfect["iou_by_instance_per_class"].values()) <= {0.0, 1.0}
    with open(experiment.folder("evaluation") / "seeds.images.csv", newline="") as file:
        assert {row["iou_by_instance"] for row in csv.DictReader(file)} == {"1.0"}


def test_subset_takes_names_and_refuses_unknown_ones(experiment: FakeExperiment) -> None:
    document = experiment.evaluate("seeds", PooledSettings(class_subset=("background", "cat")))
    per_class = document["splits"]["train"]["iou_per_class"]  # type: ignore[index]
    known = [per_class[name] for name in ("background", "cat") if per_class[name] is not None]
    assert document["splits"]["train"]["subset_miou"] == pytest.approx(np.mean(known), abs=1e-6)  # type: ignore[index]
    with pytest.raises(SettingsError, match="no class 'cats'; did you mean 'cat'"):
        experiment.evaluate("seeds", PooledSettings(class_subset=("cats",)))


def test_a_protocol_that_the_images_are_not_is_named_with_the_difference(experiment: FakeExperiment) -> None:
    document = experiment.evaluate("seeds", PooledSettings(protocol={"val": "voc12-val-1449"}))
    entry = document["protocol"]["val"]  # type: ignore[index]
    assert entry["matches"] is False
    assert "expected 1449 images, found 4" in entry["message"]
    with pytest.raises(SettingsError, match="no protocol 'voc12-val'"):
        experiment.evaluate("seeds", PooledSettings(protocol={"val": "voc12-val"}))
    with pytest.raises(SettingsError, match="no split 'test'"):
        experiment.evaluate("seeds", PooledSettings(protocol={"test": "voc12-val-1449"}))


def test_tags_of_a_split_that_nothing_was_trained_on_are_warned_of(experiment: FakeExperiment) -> None:
    document = experiment.evaluate("seeds")
    assert document["trained_on"] == ["train"]
    assert len(document["warnings"]) == 1  # type: ignore[arg-type]
    assert "on split 'val'" in document["warnings"][0]  # type: ignore[index]
    assert experiment.evaluate("predictions")["warnings"] == []


def test_image_table_lists_every_image_once_per_split(experiment: FakeExperiment) -> None:
    experiment.evaluate("cams")
    with open(experiment.folder("evaluation") / "cams.images.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image_id"] for row in rows] == experiment.ids
    assert [row["split"] for row in rows] == ["train"] * 6 + ["val"] * 4
    assert all(0 <= float(row["miou"]) <= 1 for row in rows)


def test_equal_inputs_give_equal_bytes(experiment: FakeExperiment) -> None:
    files = [experiment.folder("evaluation") / name for name in ("cams.json", "cams.images.csv")]
    experiment.evaluate("cams")
    before = [file.read_bytes() for file in files]
    experiment.evaluate("cams")
    assert [file.read_bytes() for file in files] == before
    assert [path.name for path in sorted(files[0].parent.iterdir())] == ["cams.images.csv", "cams.json"]


def test_images_without_truth_are_left_out_and_counted(experiment: FakeExperiment) -> None:
    manifest = experiment.context("evaluation", PooledSettings(), {"data": "data"}).manifest
    records = [
        record if record.image_id != experiment.ids[0] else type(record)(**{**vars(record), "truth": None})
        for record in manifest.records
    ]
    type(manifest)(manifest.classes, tuple(records), "", "").write(experiment.folder("data") / "manifest.arrow")
    figures = experiment.evaluate("seeds")["splits"]["train"]  # type: ignore[index]
    assert (figures["images"], figures["without_truth"]) == (5, 1)


def test_no_truth_at_all_is_said_and_is_no_error(experiment: FakeExperiment) -> None:
    manifest = experiment.context("evaluation", PooledSettings(), {"data": "data"}).manifest
    records = [type(record)(**{**vars(record), "truth": None}) for record in manifest.records]
    type(manifest)(manifest.classes, tuple(records), "", "").write(experiment.folder("data") / "manifest.arrow")
    for stage in ("seeds", "cams"):
        document = experiment.evaluate(stage)
        assert document["splits"] == {}
        assert document["notes"] == ["no image of its splits has ground truth"]


def test_a_result_of_another_size_names_stage_image_and_truth(experiment: FakeExperiment) -> None:
    image_id = experiment.ids[0]
    cv2.imwrite(str(experiment.root / "truth" / f"{image_id}.png"), np.zeros((5, 5), np.uint8))
    for stage in ("seeds", "cams"):
        with pytest.raises(ArtifactError, match=rf"stage '{stage}', image '{image_id}', truth .*{image_id}\.png"):
            experiment.evaluate(stage)
    assert not (experiment.folder("evaluation") / "seeds.json").exists()


def test_missing_results_name_an_image(experiment: FakeExperiment) -> None:
    experiment.write_rows("seeds", [experiment.row("seeds", name) for name in experiment.ids[:-1]])
    with pytest.raises(ArtifactError, match=f"no result of 1 images with ground truth, such as '{experiment.ids[-1]}'"):
        experiment.evaluate("seeds")
