"""The classes that a label map shows."""

import numpy as np

from wsss_core.label_ids import is_class


def shown_classes(label_HW: np.ndarray) -> list[int]:
    """Label ids of the foreground classes with at least one pixel, ascending; unlabelled and ignored pixels show none.

    `label_HW`: label ids, integers (H, W).
    """
    return [int(label) for label in np.unique(label_HW) if is_class(label)]
