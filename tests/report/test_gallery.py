"""Which images are shown, and what of them."""

from pathlib import Path

import numpy as np
import pytest
from fake_experiment import CLASSES, EXPERIMENT, FakeExperiment
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.artifacts import saliency
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.parts import PartWriter
from wsss_core.data.instance_truth import instance_truth
from wsss_core.report.figures import SplitFigures, StageFigures
from wsss_core.report.gallery import GalleryMaker, choose, ranking
from wsss_core.report.stages import StageFacts, read_facts
from wsss_core.settings.evaluation import PooledSettings

SCORES = st.dictionaries(st.integers(0, 99).map(str), st.none() | st.floats(0, 1), max_size=30)


@given(SCORES, st.integers(0, 30), st.integers(0, 9))
def test_no_image_is_shown_twice_and_best_beats_worst(scores: dict[str, float | None], count: int, seed: int) -> None:
    groups = choose(scores, count, seed)
    shown = [name for names in groups.values() for name in names]
    assert len(shown) == len(set(shown)) <= count
    assert all(len(names) <= -(-count // 3) for names in groups.values())
    best, worst = ([scores[name] for name in groups[group]] for group in ("best", "worst"))
    assert best == sorted(best, reverse=True)  # type: ignore[type-var]
    assert worst == sorted(worst)  # type: ignore[type-var]
    assert all(high >= low for high in best for low in worst)  # type: ignore[operator]


def test_random_images_depend_on_the_seed_alone() -> None:
    scores: dict[str, float | None] = {str(index): index / 100 for index in range(100)}
    assert choose(scores, 30, 1) == choose(scores, 30, 1)
    assert choose(scores, 30, 1)["random"] != choose(scores, 30, 2)["random"]
    assert choose(scores, 30, 1)["best"] == choose(scores, 30, 2)["best"]


def facts(name: str, kind: str) -> StageFacts:
    return StageFacts("e", name, f"e/{name}", kind, "m", Path(), {})


def figures(stage: str, *splits: str) -> StageFigures:
    per_split = {split: SplitFigures(split, 1, 0.5, {}) for split in splits}
    return StageFigures(stage, "", "", per_split, image_scores={("a", split): 0.5 for split in splits})


def test_the_last_stage_of_the_split_with_most_stages_sorts_the_gallery() -> None:
    stages = [facts("regions", "regions"), facts("cams", "cams"), facts("seeds", "seeds"), facts("p", "predictions")]
    scored = [figures("cams", "train", "val"), figures("seeds", "train"), figures("p", "val", "train")]
    assert ranking(scored, stages, "") == ("p", "train")
    assert ranking(scored[:2], stages, "") == ("seeds", "train")
    assert ranking(scored, stages, "val") == ("p", "val")


def test_without_scores_there_is_nothing_to_sort_by() -> None:
    assert ranking([], [facts("cams", "cams")], "") == ("", "")
    assert ranking([figures("regions", "train")], [facts("regions", "regions")], "") == ("", "")
    assert ranking([figures("cams", "train")], [facts("cams", "cams")], "test") == ("", "")


@pytest.fixture
def experiment(tmp_path: Path) -> FakeExperiment:
    return FakeExperiment(tmp_path, 2, 1)


def maker(experiment: FakeExperiment) -> GalleryMaker:
    manifest = experiment.context("report", PooledSettings(), {"data": "data"}).manifest
    names = ("data", "regions", "cams", "refined_cams", "seeds", "predictions")
    return GalleryMaker(manifest, [read_facts(experiment.folder(name), EXPERIMENT) for name in names], 40, 80)


def test_a_card_shows_the_image_through_all_stages(experiment: FakeExperiment) -> None:
    card = maker(experiment).card(experiment.ids[0], 0.5)
    assert [picture.title for picture in card.pictures] == [
        "image",
        "cams",
        "refined_cams",
        "seeds",
        "predictions",
        "truth",
    ]
    assert [bool(picture.safe_uri) for picture in card.pictures] == [False, False, False, True, True, True]
    assert all(picture.alt for picture in card.pictures)
    assert card.labels >= {0, 255}
    assert set(card.tags) <= set(CLASSES[1:])
    assert "background" in card.pictures[-1].alt


def test_instances_are_shown_with_scores_and_beside_the_true_ones(experiment: FakeExperiment) -> None:
    manifest = experiment.context("report", PooledSettings(), {"data": "data"}).manifest
    stages = [read_facts(experiment.folder("instances"), EXPERIMENT)]
    card = GalleryMaker(manifest, stages, 40, 80).card(experiment.ids[0], 0.5)
    assert [picture.title for picture in card.pictures] == ["image", "instances", "truth", "true instances"]
    found, true = card.pictures[1].alt, card.pictures[3].alt
    names = [manifest.classes[label] for label in instance_labels_of(experiment)]
    assert found == f"instances: {', '.join(f'{name} {0.95 - 0.2 * n:.2f}' for n, name in enumerate(names))}"
    assert true == f"true instances: {', '.join(names)}"


def instance_labels_of(experiment: FakeExperiment) -> list[int]:
    """Classes of the true objects of the first image."""
    scene = experiment.scenes[experiment.ids[0]]
    return instance_truth(scene.object_HW, scene.truth_HW, "").class_ids.tolist()


def test_an_image_without_instances_is_shown_in_grey(experiment: FakeExperiment) -> None:
    size_hw = experiment.scenes[experiment.ids[0]].truth_HW.shape
    none = InstanceRow(experiment.ids[0], size_hw, np.zeros(0, np.int32), np.zeros(0, np.float32), ())
    experiment.write_rows("instances", [none])
    manifest = experiment.context("report", PooledSettings(), {"data": "data"}).manifest
    stages = [read_facts(experiment.folder("instances"), EXPERIMENT)]
    assert GalleryMaker(manifest, stages, 40, 80).card(experiment.ids[0], None).pictures[1].alt == "instances: none"


def test_saliency_is_shown_over_the_photograph(experiment: FakeExperiment) -> None:
    folder = experiment.folder("seeds").with_name("saliency")
    shown_HW = np.zeros(experiment.scenes[experiment.ids[0]].truth_HW.shape, np.uint8)
    with PartWriter(folder / "parts" / "00000.arrow", saliency.SCHEMA) as writer:
        writer.append(saliency.encode(saliency.SaliencyRow(experiment.ids[0], shown_HW)))
    manifest = experiment.context("report", PooledSettings(), {"data": "data"}).manifest
    stages = [StageFacts("e", "saliency", "e/saliency", "saliency", "m", folder, {})]
    made = GalleryMaker(manifest, stages, 40, 80)
    assert [picture.title for picture in made.card(experiment.ids[0], None).pictures] == ["image", "saliency", "truth"]
    assert [picture.title for picture in made.card(experiment.ids[1], None).pictures] == ["image", "truth"]


def test_a_stage_without_the_image_is_left_out(experiment: FakeExperiment) -> None:
    experiment.write_rows("predictions", [experiment.row("predictions", experiment.ids[1])])
    titles = [picture.title for picture in maker(experiment).card(experiment.ids[0], None).pictures]
    assert "predictions" not in titles
    assert "seeds" in titles


def test_cams_without_classes_or_of_any_range_are_shown(experiment: FakeExperiment) -> None:
    size = experiment.scenes[experiment.ids[0]].truth_HW.shape
    empty = CamRow(experiment.ids[0], size, np.zeros(0, np.int32), (np.zeros((0, 2, 2), np.float32),), size, True)
    high = CamRow(experiment.ids[1], size, np.array([0, 2], np.int32), (np.full((2, 2, 2), 80.0),), size, False)
    experiment.write_rows("cams", [empty, high])
    made = maker(experiment)
    assert "no class" in made.card(experiment.ids[0], None).pictures[1].alt
    assert made.card(experiment.ids[1], None).pictures[1].alt.endswith("largest score of cow")


def test_legend_names_ignore_and_every_class(experiment: FakeExperiment) -> None:
    legend = maker(experiment).legend([0, 3, 255])
    assert [name for name, _, _ in legend] == ["background", "dog", "ignore"]
