"""Classes that change names in a mirror: the left hand becomes the right one."""

from collections.abc import Sequence

import numpy as np

from wsss_core.label_ids import IGNORE, label_type

_SIDES = {"left": "right", "right": "left"}


def mirror_table(classes: Sequence[str]) -> np.ndarray:
    """Label after mirroring for every label (256,), or as many as there are classes, to be indexed with a label map.

    classes: names by label id. A class whose name has the word left or right goes to the class of the other name, where
    there is one; all other labels, also unlabelled and ignored ones, stay.
    """
    count = max(len(classes), IGNORE + 1)
    table = np.arange(count, dtype=label_type(count - 1))
    for label, name in enumerate(classes):
        other = " ".join(_SIDES.get(word, word) for word in name.split())
        if other in classes:
            table[label] = list(classes).index(other)
    return table
