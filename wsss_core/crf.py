"""Dense CRF (Krähenbühl & Koltun, NeurIPS 2011) by the permutohedral lattice, shared by labels, seeds and predictions.

The lattice with its blur and its symmetric normalisation is part of the published figures: an exact Gaussian mean
field with the same parameters gives 1.5-9 % other labels. `mean_field` follows the C++ code that the published systems
used (pydensecrf) within float32 rounding, in less than half the time when two energies share an image.
"""

from collections.abc import Sequence

import numpy as np

from wsss_core.dense_crf.mean_field import mean_field
from wsss_core.settings.crf import CrfSettings

MINIMUM_PROBABILITY = 1e-5  # below it the unary energy -log(p) is cut off (PSA, Ahn & Kwak, CVPR 2018)


def unary_from_probabilities(probabilities_KHW: np.ndarray) -> np.ndarray:
    """Unary energies (K, H, W) float32 = -log(p), p cut to [1e-5, 1]; the channels need not sum to 1."""
    return -np.log(np.clip(probabilities_KHW, MINIMUM_PROBABILITY, 1.0)).astype(np.float32)


def unary_from_labels(label_HW: np.ndarray, label_count: int, truth_probability: float) -> np.ndarray:
    """Unary energies (K, H, W) float32 of a label map with values 0..label_count-1.

    The stated label has probability `truth_probability` (in (0, 1)), the others share the rest equally
    (IRN, Ahn et al., CVPR 2019, uses 0.7).
    """
    if not 0.0 < truth_probability < 1.0:
        raise ValueError(f"expected a truth probability between 0 and 1, found {truth_probability}")
    if label_HW.size and int(label_HW.max()) >= label_count:
        raise ValueError(f"expected labels below {label_count}, found {int(label_HW.max())}: map ignore away first")
    other = -np.log((1.0 - truth_probability) / max(1, label_count - 1))
    energy_KHW = np.full((label_count, *label_HW.shape), other, np.float32)
    np.put_along_axis(energy_KHW, label_HW[None].astype(np.intp), -np.log(truth_probability), axis=0)
    return energy_KHW


def crf_from_unaries(
    image_HW3: np.ndarray, unaries_KHW: Sequence[np.ndarray], settings: CrfSettings
) -> list[np.ndarray]:
    """Probabilities (K, H, W) float32 after mean-field inference for each of several energies of one image.

    Over K they sum to 1. `image_HW3` is uint8 RGB at the size of the energies, float (K, H, W) of one shape. The
    energies go through one lattice side by side; each gets, to the last bit, the result that it would get alone. One
    label leaves nothing to decide: the result is 1. With 0 iterations it is the softmax of the negative energies.
    """
    label_count, height, width = unaries_KHW[0].shape
    if image_HW3.shape != (height, width, 3) or image_HW3.dtype != np.uint8:
        raise ValueError(
            f"expected a uint8 image {(height, width, 3)} for scores of that size, "
            f"found {image_HW3.dtype} {image_HW3.shape}"
        )
    if any(unary_KHW.shape != unaries_KHW[0].shape for unary_KHW in unaries_KHW):
        raise ValueError(
            f"expected energies of one shape, found {[unary_KHW.shape for unary_KHW in unaries_KHW]}: "
            "call once for each shape"
        )
    if label_count <= 1 or unaries_KHW[0].size == 0:
        return [np.ones(unary_KHW.shape, np.float32) for unary_KHW in unaries_KHW]
    marginals_PKN = mean_field(
        np.stack([unary_KHW.reshape(label_count, -1) for unary_KHW in unaries_KHW]),
        positions_N2(height, width) / np.float32(settings.gaussian_sxy / settings.scale_factor),
        settings.gaussian_compat,
        bilateral_features(image_HW3, settings.bilateral_sxy / settings.scale_factor, settings.bilateral_srgb),
        settings.bilateral_compat,
        settings.iterations,
    )
    return list(marginals_PKN.reshape(len(unaries_KHW), label_count, height, width))


def positions_N2(height: int, width: int) -> np.ndarray:
    """Pixel coordinates (x, y), row after row, float32."""
    y_HW, x_HW = np.indices((height, width), np.float32)
    return np.stack([x_HW.ravel(), y_HW.ravel()], axis=1)


def bilateral_features(image_HW3: np.ndarray, sxy: float, srgb: float) -> np.ndarray:
    """Position and colour of every pixel in units of their deviations, (N, 5) float32: x, y, red, green, blue."""
    positions = positions_N2(*image_HW3.shape[:2]) / np.float32(sxy)
    return np.concatenate([positions, image_HW3.reshape(-1, 3).astype(np.float32) / np.float32(srgb)], axis=1)


def crf_probabilities(image_HW3: np.ndarray, probabilities_KHW: np.ndarray, settings: CrfSettings) -> np.ndarray:
    """`crf_from_unaries` on scores or probabilities in [0, 1], (K, H, W) float (PSA: [background, cams])."""
    return crf_from_unaries(image_HW3, [unary_from_probabilities(probabilities_KHW)], settings)[0]


def crf_from_labels(
    image_HW3: np.ndarray, label_HW: np.ndarray, label_count: int, truth_probability: float, settings: CrfSettings
) -> np.ndarray:
    """`crf_from_unaries` on a hard label map (H, W) with values 0..label_count-1; see `unary_from_labels`."""
    return crf_from_unaries(image_HW3, [unary_from_labels(label_HW, label_count, truth_probability)], settings)[0]
