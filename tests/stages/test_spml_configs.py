"""The configurations of SPML: they resolve, and their constants are the published ones."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from wsss_core.settings.experiment import Experiment
from wsss_core.settings.spml import (
    LabelEmbeddingWalkSettings,
    PixelClassifierSettings,
    PixelToSegmentSettings,
    RetrievedSeedsSettings,
    SegmentBankSettings,
    SpmlCrfSettings,
)

CONFIG = Path(__file__).resolve().parents[2] / "config"
RELATIONS = {"tag": (6, 0.3, 8, 0.3), "box": (6, 0.3, 8, 0.3), "scribble": (6, 1.0, 12, 0.5), "point": (6, 0.1, 8, 0.1)}
PUBLISHED = {"tag": 69.5, "box": 73.5, "scribble": 76.1, "point": 73.2}


def load(name: str) -> Experiment:
    values: dict[str, Any] = yaml.safe_load((CONFIG / f"{name}.yaml").read_text(encoding="utf-8"))
    return Experiment.from_config(values, CONFIG)


@pytest.mark.parametrize("kind", RELATIONS)
def test_constants_of_voc_are_the_published_ones(kind):
    stages = load(f"voc12_spml_{kind}").stages
    embedding = stages["embedding"].settings
    assert isinstance(embedding, PixelToSegmentSettings)
    weights = (embedding.annotation, embedding.co_occurrence)
    assert tuple(value for item in weights for value in (item.concentration, item.weight)) == RELATIONS[kind]
    assert (embedding.image_similarity.concentration, embedding.image_similarity.weight) == (16, 0.1)
    assert (embedding.steps, embedding.batch, embedding.learning_rate, embedding.memory_steps) == (30_000, 16, 3e-3, 2)
    assert (embedding.optimiser, embedding.clusters, embedding.crop) == ("caffe_sgd", (6, 6), 512)
    changed = {"weights", "annotation", "co_occurrence", "validate_every_epochs"}
    assert embedding.model_dump(exclude=changed) == PixelToSegmentSettings().model_dump(exclude=changed)
    classifier = stages["pixel_classifier"].settings
    assert isinstance(classifier, PixelClassifierSettings)
    assert (classifier.steps, classifier.dropout, classifier.rescale) == (4_000, 0.65, (0.5, 2.0))
    assert classifier.model_dump(exclude=changed) == PixelClassifierSettings().model_dump(exclude=changed)
    walk = stages["walked_seeds"].settings
    assert walk == type(walk)()
    assert stages["predictions"].expected == {"val": PUBLISHED[kind]}
    assert stages["predictions"].settings.crf == SpmlCrfSettings()  # type: ignore[attr-defined]


def test_the_second_round_of_tags_starts_from_the_first_embedding():
    stages = load("voc12_spml_tag").stages
    assert stages["pixel_classifier_2"].inputs["segmenter"] == ("voc12_spml_tag/embedding",)
    assert stages["bank_2"].inputs["segmenter"] == ("voc12_spml_tag/embedding",)
    assert stages["bank"].settings == SegmentBankSettings()
    assert stages["retrieved_seeds"].settings == RetrievedSeedsSettings()
    second = stages["walked_seeds_2"].settings
    assert (second.log2_steps, second.crf, second.average) == (0, None, "logits")  # type: ignore[attr-defined]
    assert stages["predictions"].inputs["segmenter"] == ("voc12_spml_tag/pixel_classifier_2",)


def test_constants_of_densepose_are_the_published_ones():
    stages = load("densepose_spml_point").stages
    embedding = stages["embedding"].settings
    assert isinstance(embedding, PixelToSegmentSettings)
    assert (embedding.architecture, embedding.steps, embedding.memory_steps) == ("embedding_pspnet", 45_000, 0)
    assert (embedding.clusters, embedding.located_share, embedding.co_occurrence.weight) == ((12, 12), 0.1, 0)
    assert (embedding.annotation.concentration, embedding.annotation.weight) == (6, 1.0)
    assert (embedding.colour, embedding.similarity_with_location, embedding.affinity_threshold) == (True, False, 0.95)
    walk = stages["walked_seeds"].settings
    assert walk == LabelEmbeddingWalkSettings(crop=640)
    assert stages["predictions"].settings.long_side == 640  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["quickstart_spml", "voc_mini_spml"])
def test_experiments_of_a_cpus_size_resolve(name):
    stages = load(name).stages
    assert {stage.method for stage in stages.values()} >= {"pixel_to_segment", "pixel_softmax", "from_points"}
