"""Pieces of the scene generator: outlines, textures, colours, layout, rendering."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.data import scene_geometry as geometry
from wsss_core.data.scene_backdrop import draw_backdrop, draw_rails
from wsss_core.data.scene_layout import choose_classes, lay_out, scene_rng
from wsss_core.data.scene_paints import draw_paints, hsv
from wsss_core.data.scene_render import draw_scene
from wsss_core.data.scene_textures import _PATTERNS, fractal_noise, surface, value_noise
from wsss_core.data.scene_things import CLUTTER, KINDS
from wsss_core.settings.data import SCENE_CLASSES

SEEDS = st.integers(0, 2**32)
FROZEN_LABELS = [2, 8]
FROZEN_AREAS = [16670, 0, 755, 0, 0, 0, 0, 0, 1775]
FROZEN_SUM = 7670247


def area(outline: geometry.Outline) -> float:
    following = (*outline[1:], outline[0])
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(outline, following, strict=True))) / 2


def test_outlines_have_the_area_of_their_form() -> None:
    assert area(geometry.rectangle(-1, 0, 2, 4)) == pytest.approx(12)
    assert area(geometry.ellipse((3, 1), 2, 1, 0.7)) == pytest.approx(2 * math.pi, rel=0.02)
    assert area(geometry.limb((0, 0), (3, 4), 0.2, 0.4)) == pytest.approx(5 * 0.3)
    square = geometry.rectangle(0, 0, 1, 1)
    assert area(geometry.rounded(square, 1)) == pytest.approx(0.875)
    assert area(geometry.rounded(square)) < 0.875


def test_a_limb_of_no_length_has_no_area() -> None:
    assert area(geometry.limb((1, 1), (1, 1), 0.2, 0.2)) == 0


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_mirroring_an_outline_twice_gives_it_back(x: float, y: float) -> None:
    assert geometry.mirrored(geometry.mirrored(((x, y),))) == ((x, y),)


def test_placement_puts_the_foot_on_its_pixel_and_turns_the_facing() -> None:
    place = geometry.Placement(x=50, y=80, scale_px=20, stretch=2.0)
    assert place.to_pixels(((0, 0), (1, 0), (0, 1))) == [(50, 80), (90, 80), (50, 60)]
    turned = geometry.Placement(x=50, y=80, scale_px=20, facing_left=True)
    assert turned.to_pixels(((1, 0),)) == [(30, 80)]
    tilted = geometry.Placement(x=0, y=0, scale_px=1, tilt=math.pi / 2)
    assert tilted.to_pixels(((1, 0),))[0] == pytest.approx((0, -1))


@pytest.mark.parametrize("name", sorted(KINDS | CLUTTER))
def test_every_drawing_stands_on_the_ground_and_is_about_one_high(name: str) -> None:
    kind = (KINDS | CLUTTER)[name]
    for seed in range(8):
        shapes = kind.draw(np.random.default_rng(seed))
        points = np.array([point for shape in shapes for point in shape.outline])
        assert -0.2 <= points[:, 1].min() <= 0.2
        assert 0.3 <= points[:, 1].max() <= 1.75
        assert np.abs(points[:, 0]).max() <= 3.2
        assert {shape.paint for shape in shapes} <= set(draw_paints(np.random.default_rng(0)))
        assert {shape.texture for shape in shapes} <= set(_PATTERNS)


def test_deer_and_sheep_share_the_body() -> None:
    """The planted trap: with equal random numbers everything up to the head is the same drawing."""
    deer, sheep = (KINDS[name].draw(np.random.default_rng(3)) for name in ("deer", "sheep"))
    assert deer[:11] == sheep[:11]
    assert deer[11:] != sheep[11:]
    body = sum(area(shape.outline) for shape in deer[:11])
    assert sum(area(shape.outline) for shape in deer[12:]) < 0.5 * body


@given(SEEDS, st.integers(1, 40), st.integers(1, 40))
def test_noise_fills_its_size_within_0_and_1(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    for noise in (value_noise(rng, height, width, (4, 6)), fractal_noise(rng, height, width, (8, 8))):
        assert noise.shape == (height, width)
        assert noise.dtype == np.float32
        assert noise.min() >= 0
        assert noise.max() <= 1.0001


@pytest.mark.parametrize("kind", sorted(_PATTERNS))
def test_surfaces_modulate_around_one(kind: str) -> None:
    factor = surface(kind, np.random.default_rng(0), 40, 50, 30.0)
    assert factor.shape == (40, 50)
    assert factor.dtype == np.float32
    assert 0.2 < factor.min() < factor.max() < 1.6
    assert 0.6 < factor.mean() < 1.25


def test_unknown_surface_is_an_error() -> None:
    with pytest.raises(KeyError, match="velvet"):
        surface("velvet", np.random.default_rng(0), 4, 4, 4.0)


def test_hues_wrap_around_the_circle() -> None:
    assert hsv(0.0, 1.0, 1.0).tolist() == [255, 0, 0]
    np.testing.assert_allclose(hsv(1.25, 0.5, 0.5), hsv(0.25, 0.5, 0.5), atol=1e-4)


def test_object_colours_cover_the_whole_circle() -> None:
    rng = np.random.default_rng(0)
    strongest = [int(np.argmax(draw_paints(rng)["main"])) for _ in range(300)]
    assert np.bincount(strongest, minlength=3).min() > 60


def test_backdrop_has_a_horizon_inside_the_picture() -> None:
    for seed in range(12):
        picture, horizon = draw_backdrop(np.random.default_rng(seed), 60, 80)
        assert picture.shape == (60, 80, 3)
        assert 18 <= horizon <= 33
        assert np.isfinite(picture).all()
        assert picture.min() >= 0


def test_rails_cross_the_whole_picture_at_their_row_only() -> None:
    picture = np.zeros((100, 120, 3), np.float32)
    draw_rails(picture, np.random.default_rng(0), 60.0, 40.0)
    rows = picture.max(axis=(1, 2))
    assert (picture[57:62].min(axis=2) > 0).all()
    assert (rows[:50] == 0).all()
    assert (rows[72:] == 0).all()
    outside = np.zeros((20, 20, 3), np.float32)
    draw_rails(outside, np.random.default_rng(0), 400.0, 40.0)
    assert (outside == 0).all()


def test_the_lead_class_is_always_there_and_trains_come_alone() -> None:
    rng = np.random.default_rng(0)
    for lead in range(60):
        names = choose_classes(rng, SCENE_CLASSES, lead)
        assert names[0] == SCENE_CLASSES[lead % len(SCENE_CLASSES)]
        assert 1 <= len(names) <= 4
        assert names.count("train") <= 1
    assert choose_classes(rng, ("train",), 0) == ["train"]


def test_trains_nearly_always_stand_on_rails_and_rails_hardly_ever_lie_alone() -> None:
    """The planted trap of context."""
    rng = np.random.default_rng(0)
    with_train = [lay_out(rng, ["train"], SCENE_CLASSES, 120, 160, 50.0) for _ in range(200)]
    without = [lay_out(rng, ["car"], SCENE_CLASSES, 120, 160, 50.0) for _ in range(200)]
    assert 180 <= sum(layout.rails is not None for layout in with_train) < 200
    assert 0 < sum(layout.rails is not None for layout in without) <= 20
    for layout in with_train:
        train = next(item for item in layout.items if item.name == "train")
        assert layout.rails in (None, (train.place.y, train.place.scale_px))


def test_near_things_are_drawn_over_far_ones() -> None:
    layout = lay_out(np.random.default_rng(1), ["car", "person", "boat"], SCENE_CLASSES, 120, 160, 50.0)
    rows = [item.place.y for item in layout.items]
    assert rows == sorted(rows)
    assert {item.label for item in layout.items} >= {4, 5, 8}


def test_generators_of_an_image_differ_by_seed_id_and_purpose() -> None:
    first = scene_rng(0, "a", "scene").random()
    assert first == scene_rng(0, "a", "scene").random()
    others = {scene_rng(1, "a", "scene").random(), scene_rng(0, "b", "scene").random(), scene_rng(0, "a", "x").random()}
    assert len(others | {first}) == 4


def test_a_scene_is_a_function_of_its_arguments() -> None:
    one, two = (draw_scene(5, "a", 3, SCENE_CLASSES, (60, 80)) for _ in range(2))
    np.testing.assert_array_equal(one.image_HW3, two.image_HW3)
    np.testing.assert_array_equal(one.instance_HW, two.instance_HW)
    other = draw_scene(6, "a", 3, SCENE_CLASSES, (60, 80))
    assert (other.image_HW3 != one.image_HW3).any()


def test_scenes_are_the_known_pictures_on_this_machine_too() -> None:
    """Frozen figures: a change of the generator changes every published figure of the default, so it must be meant."""
    scene = draw_scene(0, "scene_00001", 1, SCENE_CLASSES, (120, 160))
    assert sorted(scene.labels) == FROZEN_LABELS
    assert np.bincount(scene.label_HW.ravel(), minlength=9).tolist() == FROZEN_AREAS
    assert scene.image_HW3.astype(np.int64).sum() == FROZEN_SUM


@pytest.mark.parametrize("lead", range(len(SCENE_CLASSES)))
def test_masks_are_exact_and_instances_numbered(lead: int) -> None:
    for number in range(3):
        scene = draw_scene(1, f"x{number}", lead, SCENE_CLASSES, (96, 128))
        assert scene.image_HW3.shape == (96, 128, 3)
        assert scene.image_HW3.dtype == np.uint8
        assert np.unique(scene.instance_HW).tolist() == list(range(len(scene.labels) + 1))
        assert set(np.unique(scene.label_HW)) == {0, *scene.labels}
        assert all(np.sum(scene.instance_HW == n) >= 30 for n in range(1, len(scene.labels) + 1))


def test_colour_alone_does_not_tell_the_classes_apart() -> None:
    """A nearest-mean rule on the colour of single pixels is hardly better than guessing among nine labels."""
    scenes = [draw_scene(2, f"x{number}", number, SCENE_CLASSES, (60, 80)) for number in range(48)]
    pixels = np.concatenate([scene.image_HW3.reshape(-1, 3) for scene in scenes]).astype(float)
    labels = np.concatenate([scene.label_HW.ravel() for scene in scenes])
    half = pixels.shape[0] // 2
    means = np.stack([pixels[:half][labels[:half] == label].mean(axis=0) for label in range(9)])
    nearest = np.argmin(((pixels[half:, None] - means) ** 2).sum(axis=2), axis=1)
    recalls = [np.mean(nearest[labels[half:] == label] == label) for label in range(9)]
    assert np.mean(recalls) < 0.25
