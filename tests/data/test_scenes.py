"""Scenes on disk: a complete VOC folder with all weak labels, the same bytes each time."""

from pathlib import Path

import numpy as np
import pytest

from wsss_core.artifacts.manifest import Manifest
from wsss_core.data import scene_weak_labels as weak
from wsss_core.data import scenes, voc
from wsss_core.data.images import read_image
from wsss_core.data.instance_truth import read_instance_truth
from wsss_core.data.labels import read_label_png
from wsss_core.data.scene_layout import scene_rng
from wsss_core.data.scene_render import Scene, draw_scene
from wsss_core.settings.data import SCENE_CLASSES, ScenesSettings

SMALL = ScenesSettings(train_images=5, val_images=3, height=48, width=64, seed=3)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Manifest, Path]:
    folder = tmp_path_factory.mktemp("data")
    return scenes.build(SMALL, scenes.list_images(SMALL), folder), folder


def all_bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_listing_needs_no_drawing() -> None:
    listing = scenes.list_images(SMALL)
    assert listing.ids[:2] == ("scene_00000", "scene_00001")
    assert len(listing.ids_of("train")) == 5
    assert len(listing.ids_of("val")) == 3


def test_manifest_has_every_kind_of_label(built: tuple[Manifest, Path]) -> None:
    manifest, _ = built
    assert manifest.classes == ("background", *SCENE_CLASSES)
    assert manifest.dataset == "generated scenes, seed 3"
    for record in manifest.records:
        image = read_image(record.file)
        assert image.shape == (record.height, record.width, 3) == (48, 64, 3)
        truth = read_label_png(record.truth or "")
        assert set(np.unique(truth)) - {0} == set(record.tags)
        assert {box.label for box in record.boxes} == set(record.tags)
        assert {point.label for point in record.points} == {0, *record.tags}
        for point in record.points:
            assert truth[int(point.y), int(point.x)] == point.label
        drawn = read_label_png(record.scribbles or "")
        assert set(np.unique(drawn)) == {0, *record.tags, 255}
        assert (drawn == truth)[drawn != 255].all()
        assert read_label_png(record.saliency or "").shape == (48, 64)
        objects = read_instance_truth(record.instance_truth or "", truth)
        assert sorted(objects.class_ids) == sorted(box.label for box in record.boxes)
        np.testing.assert_array_equal(objects.object_HW > 0, truth > 0)


def test_written_folder_is_read_by_the_method_voc_with_any_tag_source(built: tuple[Manifest, Path]) -> None:
    manifest, folder = built
    values = scenes.layout_settings(SMALL, folder / scenes.LAYOUT_FOLDER).model_copy(update={"tag_source": "xml"})
    again = voc.build(values, voc.list_images(values), folder)
    assert [record.tags for record in again.records] == [record.tags for record in manifest.records]
    assert [record.boxes for record in again.records] == [record.boxes for record in manifest.records]


def test_the_same_settings_give_the_same_bytes_over_an_older_folder(
    built: tuple[Manifest, Path], tmp_path: Path
) -> None:
    root = tmp_path / scenes.LAYOUT_FOLDER
    root.mkdir()
    (root / "left over.txt").write_text("from an older run")
    scenes.write_layout(SMALL, scenes.list_images(SMALL), root)
    assert all_bytes(root) == all_bytes(built[1] / scenes.LAYOUT_FOLDER)


def test_images_do_not_depend_on_how_many_there_are(built: tuple[Manifest, Path], tmp_path: Path) -> None:
    fewer = SMALL.model_copy(update={"train_images": 2, "val_images": 1})
    scenes.write_layout(fewer, scenes.list_images(fewer), tmp_path)
    name = "JPEGImages/scene_00001.jpg"
    assert (tmp_path / name).read_bytes() == (built[1] / scenes.LAYOUT_FOLDER / name).read_bytes()


def test_fewer_and_other_classes_can_be_chosen(tmp_path: Path) -> None:
    values = SMALL.model_copy(update={"classes": ("chair", "bird"), "train_images": 2, "val_images": 1})
    manifest = scenes.build(values, scenes.list_images(values), tmp_path)
    assert manifest.classes == ("background", "chair", "bird")
    assert all(set(record.tags) <= {1, 2} for record in manifest.records)


def two_squares() -> Scene:
    instances = np.zeros((40, 60), np.int16)
    instances[5:15, 10:30] = 1
    instances[20:36, 40:56] = 2
    return Scene(np.zeros((40, 60, 3), np.uint8), instances, (4, 2))


def test_boxes_enclose_the_instances_with_exclusive_ends() -> None:
    first, second = weak.boxes(two_squares())
    assert (first.x0, first.y0, first.x1, first.y1, first.label) == (10, 5, 30, 15, 4)
    assert (second.x0, second.y0, second.x1, second.y1, second.label) == (40, 20, 56, 36, 2)


def test_points_lie_deep_inside() -> None:
    background, first, second = weak.points(two_squares(), np.random.default_rng(0))
    assert (background.label, first.label, second.label) == (0, 4, 2)
    assert 8 <= first.y <= 11
    assert 46 <= second.x <= 49
    assert 26 <= second.y <= 29


def test_scribbles_are_thin_and_on_their_instance() -> None:
    scene = two_squares()
    drawn = weak.scribbles(scene, np.random.default_rng(0))
    assert set(np.unique(drawn)) == {0, 2, 4, 255}
    labelled = drawn != 255
    assert (drawn[labelled] == scene.label_HW[labelled]).all()
    assert 8 <= np.sum(drawn == 4) <= 40


def test_a_single_pixel_still_gets_a_scribble_and_a_point() -> None:
    instances = np.zeros((10, 10), np.int16)
    instances[3, 4] = 1
    scene = Scene(np.zeros((10, 10, 3), np.uint8), instances, (1,))
    rng = np.random.default_rng(0)
    assert np.argwhere(weak.scribbles(scene, rng) == 1).tolist() == [[3, 4]]
    assert [(point.x, point.y) for point in weak.points(scene, rng) if point.label] == [(4, 3)]


def test_saliency_is_soft_and_mostly_on_the_objects() -> None:
    on, off = [], []
    for number in range(20):
        scene = draw_scene(0, f"s{number}", number, SCENE_CLASSES, (48, 64))
        saliency = weak.saliency(scene, scene_rng(0, f"s{number}", "weak labels"))
        assert saliency.dtype == np.uint8
        on.append(saliency[scene.label_HW > 0].mean())
        off.append(saliency[scene.label_HW == 0].mean())
    assert np.mean(on) > 150
    assert np.mean(off) < 40
    assert max(off) > 5  # it is not the truth
