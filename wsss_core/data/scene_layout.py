"""What stands where in a drawn scene: classes, sizes, positions, occlusion, and the two planted traps."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wsss_core.data.scene_geometry import Placement
from wsss_core.data.scene_things import CLUTTER, KINDS, Kind

# Share of scenes with 1, 2, 3, 4 objects.
_OBJECT_COUNTS = (0.30, 0.40, 0.22, 0.08)
_TRAIN = "train"
_TRAIN_ON_RAILS = 0.96  # trap: a train nearly always stands on rails ...
_RAILS_WITHOUT_TRAIN = 0.03  # ... and rails hardly ever lie without one
_MAX_OVERLAP = 0.45
_ATTEMPTS = 12
_LOWEST_FOOT = 0.97
_MIN_SCALE_FAR, _MAX_TILT = 0.75, 0.10


@dataclass(frozen=True)
class Item:
    """One thing to draw: its kind, placement, and label id (0: background clutter)."""

    name: str
    kind: Kind
    place: Placement
    label: int

    @property
    def span(self) -> tuple[float, float, float, float]:
        """Rough extent in pixels: left, top, right, bottom."""
        half = self.kind.width * self.place.stretch * self.place.scale_px / 2
        return self.place.x - half, self.place.y - self.place.scale_px, self.place.x + half, self.place.y


@dataclass(frozen=True)
class SceneLayout:
    """Things in drawing order (far to near), and the rails: row and train height in pixels, or None."""

    items: tuple[Item, ...]
    rails: tuple[float, float] | None


def scene_rng(seed: int, image_id: str, purpose: str) -> np.random.Generator:
    """The generator of one image and purpose: independent of order, of other images and of the machine."""
    digest = hashlib.sha256(f"{seed}:{image_id}:{purpose}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def choose_classes(rng: np.random.Generator, classes: Sequence[str], lead: int) -> list[str]:
    """Names of the objects of one scene. The first is `classes[lead % C]`, so that all classes are equally frequent."""
    count = 1 + int(rng.choice(len(_OBJECT_COUNTS), p=_OBJECT_COUNTS))
    names = [classes[lead % len(classes)]]
    while len(names) < count:
        name = names[0] if rng.random() < 0.12 else classes[int(rng.integers(len(classes)))]
        if name != _TRAIN or _TRAIN not in names:
            names.append(name)
        elif len(classes) == 1:
            break
    return names


def lay_out(
    rng: np.random.Generator, names: Sequence[str], classes: Sequence[str], height: int, width: int, horizon: float
) -> SceneLayout:
    """Place objects and clutter on the ground below `horizon` (row in pixels) of a picture height x width."""
    items: list[Item] = []
    for name in names:
        items.append(_place(rng, name, KINDS[name], classes.index(name) + 1, items, (height, width, horizon)))
    rails = _rails(rng, items, height, horizon)
    for _ in range(int(rng.integers(1, 5))):
        name = list(CLUTTER)[int(rng.integers(len(CLUTTER)))]
        items.append(_place(rng, name, CLUTTER[name], 0, items, (height, width, horizon)))
    items.sort(key=lambda item: item.place.y if not item.kind.aloft else horizon)
    return SceneLayout(tuple(items), rails)


def _place(
    rng: np.random.Generator,
    name: str,
    kind: Kind,
    label: int,
    others: Sequence[Item],
    size: tuple[int, int, float],
) -> Item:
    """Of several random places the one that hides least of what is there; small overlaps are taken at once."""
    best, best_overlap = None, 2.0
    for _ in range(_ATTEMPTS):
        item = Item(name, kind, _random_place(rng, kind, size), label)
        overlap = max((_overlap(item, other) for other in others if other.label or label), default=0.0)
        if overlap < best_overlap:
            best, best_overlap = item, overlap
        if overlap < rng.uniform(0, _MAX_OVERLAP):
            break
    assert best is not None
    return best


def _random_place(rng: np.random.Generator, kind: Kind, size: tuple[int, int, float]) -> Placement:
    height, width, horizon = size
    depth = rng.uniform(0.0, 1.0)
    scale = height * rng.uniform(*kind.height) * (_MIN_SCALE_FAR + (1 - _MIN_SCALE_FAR) * depth)
    if kind.aloft:
        foot = rng.uniform(scale * 0.9, max(scale * 0.95, 0.9 * height))
    else:
        foot = horizon + (height - horizon) * (0.25 + 0.72 * depth)
        foot = max(foot, min(kind.top * scale, _LOWEST_FOOT * height))  # heads stay in the picture
    margin = min(0.5 * width, 0.32 * scale * kind.width)
    return Placement(
        x=rng.uniform(margin, width - margin),
        y=foot,
        scale_px=scale,
        stretch=rng.uniform(0.85, 1.15),
        tilt=rng.uniform(-_MAX_TILT, _MAX_TILT) if kind.width < 2.5 else 0.0,
        facing_left=bool(rng.random() < 0.5),
    )


def _overlap(one: Item, two: Item) -> float:
    """Common area of the two extents over the smaller of them, 0..1."""
    a, b = one.span, two.span
    across = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    down = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    smaller = min((span[2] - span[0]) * (span[3] - span[1]) for span in (a, b))
    return across * down / smaller


def _rails(rng: np.random.Generator, items: Sequence[Item], height: int, horizon: float) -> tuple[float, float] | None:
    trains = [item for item in items if item.name == _TRAIN]
    if trains:
        place = trains[0].place
        return (place.y, place.scale_px) if rng.random() < _TRAIN_ON_RAILS else None
    if rng.random() < _RAILS_WITHOUT_TRAIN:
        return rng.uniform(horizon + 0.1 * height, 0.95 * height), 0.35 * height
    return None
