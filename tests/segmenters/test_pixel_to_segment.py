"""SPML end to end on generated images: embedding, bank, classifier, stage-2 labels, predictions."""

from pathlib import Path

import numpy as np
import pytest
import torch
from training.broken_training import assert_resumes_exactly
from training.spml_stages import TINY, rows_for, stage, train_embedding, truth_of, write_rows
from training.stage_rows import write_seeds
from training.tiny_data import tiny_context, write_tiny_data

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.checkpoints.store import load_network
from wsss_core.label_ids import IGNORE
from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.predictions import pixel_softmax
from wsss_core.predictions import segment_retrieval as retrieval_predictions
from wsss_core.seeds import cam_embedding_walk, classifier_embedding_walk, label_embedding_walk, segment_retrieval
from wsss_core.segmenters import pixel_classifier, pixel_to_segment, segment_bank
from wsss_core.segmenters.pixel_to_segment import PixelToSegmentTask
from wsss_core.segments.bank import FILE_NAME, Bank
from wsss_core.segments.load import load_embedding
from wsss_core.settings.spml import (
    CamEmbeddingWalkSettings,
    ClassifierEmbeddingWalkSettings,
    LabelEmbeddingWalkSettings,
    PixelClassifierSettings,
    PixelSoftmaxSettings,
    PixelToSegmentSettings,
    RetrievedSeedsSettings,
    SegmentBankSettings,
    SegmentRetrievalSettings,
)
from wsss_core.training.history import read
from wsss_core.training.shared_norm import SharedBatchNorm2d

VIEW = {"crop": 48, "stride": 48}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """A folder with data, seeds, regions and a trained embedding."""
    folder = tmp_path_factory.mktemp("spml")
    manifest = write_tiny_data(folder / "data")
    train_embedding(folder, manifest, epochs=30)
    write_seeds(folder / "dense", manifest)
    return folder, manifest


def agreement(rows: list[LabelRow], manifest: Manifest) -> float:
    by_id = {record.image_id: record for record in manifest.records}
    return float(np.mean([(row.label_HW == truth_of(by_id[row.image_id])).mean() for row in rows]))


def test_training_on_points_learns_and_publishes(trained):
    folder, _ = trained
    epochs = [row for row in read(folder / "segmenter") if row["kind"] == "epoch"]
    assert epochs[-1]["loss"] < 0.7 * epochs[0]["loss"]
    assert {"annotation_loss", "co_occurrence_loss", "image_similarity_loss", "retrieval"} <= set(epochs[-1])
    network, card = load_network(folder / "segmenter")
    assert isinstance(network, PixelEmbedding)
    assert card.architecture == "embedding_deeplab"
    assert network(torch.zeros(1, 3, 32, 40)).shape == (1, 3, 8, 10)


def test_a_training_stopped_in_the_middle_remembers_its_segments(tmp_path, monkeypatch):
    manifest = write_tiny_data(tmp_path / "data")
    seeds, regions = write_rows(tmp_path, manifest)
    settings = PixelToSegmentSettings.parse({**TINY, "steps": 4, "checkpoint_every_s": 0}, "segmenter")

    def train_in(folder: Path) -> None:
        pixel_to_segment.train(tiny_context(folder, "segmenter", settings, seeds=seeds, regions=regions))

    assert_resumes_exactly(tmp_path, monkeypatch, train_in, PixelToSegmentTask, fail_at=3)


def test_segments_are_found_in_float32_when_the_network_computes_in_bfloat16(tmp_path):
    manifest = write_tiny_data(tmp_path / "data")
    context = train_embedding(tmp_path, manifest, precision="bfloat16", steps=2)
    assert np.isfinite(read(context.folder)[-1]["loss"])


def test_a_backbone_that_does_not_learn_keeps_every_byte(tmp_path):
    manifest = write_tiny_data(tmp_path / "data")
    context = train_embedding(tmp_path, manifest, train_backbone=False, steps=2)
    settings = context.typed_settings(PixelToSegmentSettings)
    torch.manual_seed(context.seed)
    before = PixelToSegmentTask(context, settings).network.state_dict()
    after = load_network(context.folder)[0].state_dict()
    same = {name for name in before if torch.equal(after[name], before[name])}
    assert {name for name in before if name.startswith("backbone.")} <= same
    assert {"aspp.aspp_1.0.weight", "semantic_classifier.0.weight"}.isdisjoint(same)


def test_the_densepose_way_trains_too(tmp_path):
    manifest = write_tiny_data(tmp_path / "data")
    changes = {"co_occurrence_by": "affinity", "colour": True, "located_share": 0.1, "clamped_norm": True, "steps": 1}
    off = {"similarity_with_location": False, "memory_steps": 0, "annotation": {"concentration": 6, "weight": 1}}
    context = train_embedding(tmp_path, manifest, **changes, **off)
    assert [row["kind"] for row in read(context.folder)][-1] == "epoch"
    task = PixelToSegmentTask(context, context.typed_settings(PixelToSegmentSettings))
    assert any(isinstance(module, SharedBatchNorm2d) and module.clamped for module in task.network.modules())


def test_relations_of_weight_zero_are_left_out(tmp_path):
    manifest = write_tiny_data(tmp_path / "data")
    none = {"concentration": 8, "weight": 0}
    context = train_embedding(tmp_path, manifest, co_occurrence=none, image_similarity=none, steps=1)
    last = read(context.folder)[-1]
    assert "annotation_loss" in last
    assert "co_occurrence_loss" not in last


def test_the_classifier_learns_and_the_embedding_stays(trained):
    folder, manifest = trained
    settings = PixelClassifierSettings.parse({"crop": 40, "batch": 3, "epochs": 20, "warmup_steps": 2}, "classifier")
    inputs = {"segmenter": folder / "segmenter", "seeds": folder / "dense"}
    pixel_classifier.train(stage(folder, "classifier", "segmenter", settings, **inputs))
    before, after = (load_network(folder / name)[0].state_dict() for name in ("segmenter", "classifier"))
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"semantic_classifier"}
    chosen = PixelSoftmaxSettings.parse({**VIEW, "scales": [1.0]}, "predictions")
    process = pixel_softmax.processor(stage(folder, "softmax", "predictions", chosen, segmenter=folder / "classifier"))
    assert agreement([process(record, {}) for record in manifest.records], manifest) > 0.75


def test_softmax_at_one_size_stores_its_confidence(trained):
    folder, manifest = trained
    chosen = PixelSoftmaxSettings.parse({**VIEW, "long_side": 48, "confidence": True, "crf": None}, "predictions")
    process = pixel_softmax.processor(stage(folder, "one", "predictions", chosen, segmenter=folder / "segmenter"))
    record = manifest.records[1]
    row = process(record, {})
    assert row.label_HW.shape == (record.height, record.width)
    assert row.confidence_HW is not None
    assert row.confidence_HW.min() >= 255 // 3


def bank_of(folder: Path, **changes: object) -> Path:
    settings = SegmentBankSettings.parse({**VIEW, "clusters": [4, 4], **changes}, "bank")
    inputs = {"segmenter": folder / "segmenter", "seeds": folder / "dense"}
    context = stage(folder, f"bank{len(changes)}", "segmenter", settings, **inputs)
    segment_bank.train(context)
    return context.folder


def test_the_bank_answers_for_other_images(trained):
    folder, manifest = trained
    bank = bank_of(folder, scales=[1.0])
    labels = Bank(bank / FILE_NAME, 3).labels
    assert set(labels.tolist()) <= {0, 1, 2}
    assert load_network(bank)[1].trained_on["segments"] >= len(labels)
    chosen = {**VIEW, "clusters": [4, 4], "neighbours": 3, "scales": [1.0]}
    settings = SegmentRetrievalSettings.parse(chosen, "predictions")
    process = retrieval_predictions.processor(stage(folder, "retrieved", "predictions", settings, segmenter=bank))
    assert agreement([process(record, {}) for record in manifest.records], manifest) > 0.6
    one = SegmentRetrievalSettings.parse({**chosen, "long_side": 48, "crf": None}, "predictions")
    process = retrieval_predictions.processor(stage(folder, "one view", "predictions", one, segmenter=bank))
    assert process(manifest.records[2], {}).label_HW.shape == (48, 33)


def test_retrieved_seeds_have_the_classes_of_the_first_labels(trained):
    folder, manifest = trained
    bank = bank_of(folder, scales=[1.0], long_side=48)
    settings = RetrievedSeedsSettings.parse({**VIEW, "clusters": [4, 4], "scales": [1.0], "neighbours": 3}, "seeds")
    process = segment_retrieval.processor(stage(folder, "retrieved seeds", "seeds", settings, segmenter=bank))
    assert agreement([process(record, rows_for(record)) for record in manifest.records], manifest) > 0.6


def test_walks_of_the_classifier_and_of_points_keep_to_present_classes(trained):
    folder, manifest = trained
    network = {"segmenter": folder / "segmenter"}
    first = ClassifierEmbeddingWalkSettings.parse({"crop": 48}, "seeds")
    second = {"crop": 48, "scales": [0.75, 1.0], "average": "logits", "log2_steps": 0, "crf": None}
    makers = [
        classifier_embedding_walk.processor(stage(folder, "walk", "seeds", first, **network)),
        classifier_embedding_walk.processor(
            stage(folder, "walk2", "seeds", ClassifierEmbeddingWalkSettings.parse(second, "seeds"), **network)
        ),
        label_embedding_walk.processor(
            stage(folder, "points", "seeds", LabelEmbeddingWalkSettings.parse({"crop": 48}, "seeds"), **network)
        ),
    ]
    for process in makers:
        for record in manifest.records[:3]:
            row = process(record, rows_for(record))
            assert set(np.unique(row.label_HW)) <= set(np.unique(truth_of(record)))


def test_ignored_points_stay_ignored(trained):
    folder, manifest = trained
    settings = LabelEmbeddingWalkSettings.parse({"crop": 48}, "seeds")
    process = label_embedding_walk.processor(stage(folder, "points", "seeds", settings, segmenter=folder / "segmenter"))
    record = manifest.records[0]
    rows = dict(rows_for(record))
    label_HW = rows["seeds"].label_HW.copy()
    label_HW[:, :3] = IGNORE
    row = process(record, {**rows, "seeds": LabelRow(record.image_id, label_HW)})
    assert (row.label_HW[:, :3] == IGNORE).all()
    assert not (row.label_HW[:, 3:] == IGNORE).any()


def test_cams_walk_to_the_whole_object(trained):
    folder, manifest = trained
    settings = CamEmbeddingWalkSettings.parse({"crop": 48, "crf": None}, "seeds")
    network = load_embedding(folder / "segmenter", "cpu", manifest.classes)
    process = cam_embedding_walk.processor(stage(folder, "cams", "seeds", settings, segmenter=folder / "segmenter"))
    record = manifest.records[0]
    truth_HW = truth_of(record)
    maps = (truth_HW == record.tags[0]).astype(np.float32)[None] * 0.9
    row = CamRow(record.image_id, truth_HW.shape, np.array(record.tags, np.int32), (maps,), truth_HW.shape, False)
    found = process(record, {"cams": row})
    assert (found.label_HW == truth_HW).mean() > 0.7
    assert network.classes == 3


def test_a_network_of_other_classes_or_without_embedding_is_refused(trained, tmp_path):
    folder, _ = trained
    with pytest.raises(ValueError, match="knows the classes red thing, green thing, the data has cat"):
        load_embedding(folder / "segmenter", "cpu", ("background", "cat"))


def test_samples_hold_image_labels_regions_and_tags(trained):
    folder, manifest = trained
    settings = PixelToSegmentSettings.parse({**TINY, "steps": 1}, "segmenter")
    context = tiny_context(folder / "x", "segmenter", settings, seeds=folder / "seeds", regions=folder / "regions")
    task = PixelToSegmentTask(context, settings)
    sample = task.samples.sample(0, np.random.default_rng(0))
    assert sample["image"].shape == (3, 40, 40)
    assert sample["region"].shape == sample["label"].shape == (40, 40)
    assert sample["tags"].tolist() == [1, 0]
    assert manifest.records[0].tags == (1,)
