"""Dictionaries in `.npy` files: the form in which systems of this field keep what belongs to one image."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from wsss_core.artifacts.atomic import atomic_output
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.restricted_npy import NO_STEPS, Steps, read_pickled_npy


def read_dict(path: Path | str, steps: Steps = NO_STEPS) -> dict[object, object]:
    """The dictionary of a `.npy` file, read without running anything in it.

    `steps`: see `read_pickled_npy`, whose errors this raises. `ForeignFileError` for other content than a dictionary.
    """
    content = read_pickled_npy(path, steps)
    if not isinstance(content, dict):
        found = f"an array {content.shape}" if isinstance(content, np.ndarray) else type(content).__name__
        raise ForeignFileError(
            f"{path}: expected a dictionary, found {found}. To do: correct the path or the file name."
        )
    return content


def write_dict(path: Path | str, content: Mapping[object, object]) -> None:
    """Write a dictionary as `numpy.save` does, atomically."""
    with atomic_output(path) as temporary, open(temporary, "wb") as file:
        np.save(file, np.array(dict(content), dtype=object), allow_pickle=True)
