"""Threshold curves of CAMs: sums for all thresholds at once, and which threshold is reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from wsss_core.evaluation.iou import class_iou, mean_over_present
from wsss_core.evaluation.tally import Tally, number
from wsss_core.settings.evaluation import PooledSettings

OWN_BACKGROUND_THRESHOLD = 0.5  # share fg / (fg + bg) at which a background channel of its own wins the argmax
FALLBACK_THRESHOLD = 0.2  # background score of PSA's (Ahn & Kwak, CVPR 2018) CAM label maps


@dataclass
class CurveTally:
    """Sums over the images of one split: `counts` (T, K, K) per threshold; `image_miou`: image id -> (T,) float32."""

    counts: np.ndarray
    image_miou: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def empty(cls, thresholds: int, class_count: int) -> "CurveTally":
        """No image yet."""
        return cls(np.zeros((thresholds, class_count, class_count), np.int64))

    def add(self, image_id: str, ids_k: np.ndarray, counts_Tkk: np.ndarray) -> None:
        """Add the counts (T, k, k) of one image, of the classes `ids_k` alone; it has no pixel of others."""
        self.counts[:, ids_k[:, None], ids_k] += counts_Tkk
        self.image_miou[image_id] = mean_over_present(class_iou(counts_Tkk)).astype(np.float32)

    def at(self, index: int) -> Tally:
        """The sums at one threshold, where no answer is withheld."""
        counts = np.pad(self.counts[index], ((0, 0), (0, 1)))
        return Tally(counts, None, {name: float(values[index]) for name, values in self.image_miou.items()})

    def miou(self) -> np.ndarray:
        """Pooled mIoU (T,), NaN without any pixel."""
        return mean_over_present(class_iou(self.counts))


@dataclass(frozen=True)
class Choice:
    """The reported threshold. `index`: its place in the list; `chosen_on`: the split, None when nothing was chosen."""

    threshold: float
    index: int
    chosen_on: str | None
    notes: tuple[str, ...] = ()


def threshold_list(settings: PooledSettings) -> list[float]:
    """Ascending thresholds: those of the curve, and the ones at which figures may be reported besides."""
    extra = {OWN_BACKGROUND_THRESHOLD, FALLBACK_THRESHOLD}
    if settings.threshold is not None:
        extra.add(settings.threshold)
    return sorted({*curve_thresholds(settings), *extra})


def curve_thresholds(settings: PooledSettings) -> list[float]:
    """The thresholds of the curve, ascending, rounded to six digits."""
    span = settings.thresholds
    return [round(float(value), 6) for value in np.linspace(span.low, span.high, span.count)]


def choose_threshold(curves: Mapping[str, CurveTally], settings: PooledSettings, own_background: bool) -> Choice:
    """The fixed threshold, else the best of the curve on `choose_threshold_on`, else a default that saw no truth.

    A split without ground truth is no reason to choose on the split that is reported: then the argmax over the
    channels is reported where the background has one, else the threshold published with PSA.
    """
    thresholds = threshold_list(settings)
    if settings.threshold is not None:
        return Choice(settings.threshold, thresholds.index(settings.threshold), None)
    split = settings.choose_threshold_on
    if split not in curves:
        default = OWN_BACKGROUND_THRESHOLD if own_background else FALLBACK_THRESHOLD
        note = f"there is no truth on split {split!r} to choose a threshold on, so the default {default} is reported"
        return Choice(default, thresholds.index(default), None, (note,))
    best, _ = best_of_curve(curves[split], settings)
    span = settings.thresholds
    notes: tuple[str, ...] = ()
    if best in (curve_thresholds(settings)[0], curve_thresholds(settings)[-1]):
        notes = (
            f"the best threshold on {split} ({best:g}) lies at the end of the curve {span.low:g}..{span.high:g}; "
            "a wider range (`thresholds` of the evaluation) may give a higher figure",
        )
    return Choice(best, thresholds.index(best), split, notes)


def best_of_curve(curve: CurveTally, settings: PooledSettings) -> tuple[float, float]:
    """(threshold, mIoU) of the highest point of the curve, the lowest threshold of equals."""
    miou, places = curve.miou(), _places(settings)
    best = max(places, key=lambda place: (-1.0 if np.isnan(miou[place]) else miou[place], -place))
    return threshold_list(settings)[best], float(miou[best])


def curve_figures(curve: CurveTally, settings: PooledSettings, choice: Choice) -> dict[str, object]:
    """What the JSON holds of a split besides the figures at the reported threshold.

    `best_threshold`, `best_miou` are chosen on the split itself: for information, too high to be reported.
    """
    threshold, miou = best_of_curve(curve, settings)
    values = curve.miou()
    places = _places(settings)
    known = not np.isnan(values[places]).any()
    return {
        "threshold": number(choice.threshold),
        "best_threshold": number(threshold) if known else None,
        "best_miou": number(miou),
        "curve": {"thresholds": curve_thresholds(settings), "miou": [number(values[place]) for place in places]}
        if known
        else None,
    }


def _places(settings: PooledSettings) -> Sequence[int]:
    listed = threshold_list(settings)
    return [listed.index(value) for value in curve_thresholds(settings)]
