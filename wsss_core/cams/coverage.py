"""How much of its image the CAM of a tag covers: maps that light up nothing, or everything, say nothing about place."""

import numpy as np


def coverage(scores_HW: np.ndarray, threshold: float) -> float:
    """Share of the pixels, 0..1, whose score is above `threshold` times the largest score; 0 for a map without one."""
    largest = float(scores_HW.max(initial=0))
    return 0.0 if largest <= 0 else float((scores_HW > threshold * largest).mean())
