"""AP figures of whole stages of instances."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_experiment import CLASSES, FakeExperiment

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.artifacts.rle import encode_masks
from wsss_core.data.instance_truth import InstanceTruth, instance_truth
from wsss_core.evaluation.instance_tally import InstanceTally


def true_rows(experiment: FakeExperiment) -> list[InstanceRow]:
    """The truth as a prediction, all instances equally sure."""
    rows = []
    for name, scene in experiment.scenes.items():
        truth = instance_truth(scene.object_HW, scene.truth_HW, name)
        masks = np.stack([scene.object_HW == number for number in truth.numbers])
        scores = np.full(len(masks), 0.5, np.float32)
        rows.append(InstanceRow(name, scene.truth_HW.shape, truth.class_ids, scores, encode_masks(masks)))
    return rows


def without_instances(row: InstanceRow) -> InstanceRow:
    return replace(row, class_ids=row.class_ids[:0], scores=row.scores[:0], rles=())


@pytest.fixture
def experiment(tmp_path: Path) -> FakeExperiment:
    return FakeExperiment(tmp_path, 4, 3)


def figures_on(experiment: FakeExperiment, split: str) -> dict[str, object]:
    return experiment.evaluate("instances")["splits"][split]  # type: ignore[index, no-any-return]


def test_the_truth_itself_scores_one_and_nothing_scores_zero(experiment: FakeExperiment) -> None:
    rows = true_rows(experiment)
    experiment.write_rows("instances", rows)
    figures = figures_on(experiment, "train")
    assert (figures["ap50"], figures["ap70"], figures["miou"]) == (1, 1, 1)
    assert figures["images_with_instances"] == 4
    assert figures["instances"] == figures["true_instances"] == sum(len(row.rles) for row in rows[:4])
    experiment.write_rows("instances", [without_instances(row) for row in rows])
    figures = figures_on(experiment, "train")
    assert (figures["ap50"], figures["ap70"], figures["instances"]) == (0, 0, 0)


def test_classes_without_truth_have_no_ap_and_the_background_is_none(experiment: FakeExperiment) -> None:
    per_class = figures_on(experiment, "val")["ap50_per_class"]
    present = {int(label) for name in experiment.ids[4:] for label in np.unique(experiment.scenes[name].truth_HW)}
    assert isinstance(per_class, dict)
    assert set(per_class) == set(CLASSES[1:])
    assert {name for name, ap in per_class.items() if ap is not None} == {
        CLASSES[label] for label in present - {0, 255}
    }


def test_shifted_instances_score_less_at_the_higher_iou(experiment: FakeExperiment) -> None:
    figures = figures_on(experiment, "train")
    assert 0 <= figures["ap70"] <= figures["ap50"] <= 1  # type: ignore[operator]
    assert figures["ap50"] > 0  # type: ignore[operator]


def test_without_true_instances_there_are_label_figures_and_a_note(experiment: FakeExperiment) -> None:
    path = experiment.folder("data") / "manifest.arrow"
    manifest = Manifest.read(path)
    records = [replace(record, instance_truth=None) for record in manifest.records]
    replace(manifest, records=tuple(records)).write(path)
    document = experiment.evaluate("instances")
    figures = document["splits"]["train"]  # type: ignore[index]
    assert figures["miou"] > 0
    assert figures["ap50"] is None
    assert "there is no AP on train: no image of it has true instances" in document["notes"]  # type: ignore[operator]


def test_a_damaged_truth_names_image_and_stage(experiment: FakeExperiment) -> None:
    (experiment.root / "objects" / f"{experiment.ids[0]}.png").write_bytes(b"")
    with pytest.raises(ArtifactError, match=rf"stage 'instances', image '{experiment.ids[0]}'.*objects"):
        experiment.evaluate("instances")


TRUTH = InstanceTruth(np.array([[1, 1, 2, 0]], np.uint8), np.array([1, 2]), np.array([3, 1], np.int32))


def predicted(*classes: int, size_hw: tuple[int, int] = (1, 4)) -> InstanceRow:
    mask_HW = np.zeros(size_hw, bool)
    mask_HW[0, :2] = True
    masks = encode_masks(np.stack([mask_HW] * len(classes)))
    return InstanceRow("a", size_hw, np.array(classes, np.int32), np.linspace(0.2, 0.9, len(classes)), masks)


def test_classes_are_kept_apart() -> None:
    tally = InstanceTally(4)
    tally.add(predicted(3, 1, 3), TRUTH)
    np.testing.assert_array_equal(tally.average_precision("ap50"), [np.nan, 0, np.nan, 1])


def test_predictions_of_another_size_or_class_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected instances of the truth's size \(1, 4\), found \(2, 4\)"):
        InstanceTally(4).add(predicted(1, size_hw=(2, 4)), TRUTH)
    with pytest.raises(ValueError, match=r"expected instances of the classes 1\.\.3, found \[4\]"):
        InstanceTally(4).add(predicted(1, 4), TRUTH)
