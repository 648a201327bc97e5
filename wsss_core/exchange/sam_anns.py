"""Masks of one image as FMA-WSSS pickles them: a list of dictionaries under a class of its own, `SamAnns`.

The class is read as a list and its attribute `data` is left out; what else a file asks for is refused by name.
"""

from collections.abc import Mapping
from pathlib import Path

from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.restricted_npy import read_pickle

_DICT_NAMES = frozenset({"Dict", "ADict", "AttrDict", "EasyDict", "Config"})
"""Names under which dictionaries with attributes go."""


class _Masks(list):
    """In place of `SamAnns`."""

    def __setstate__(self, state: object) -> None:
        """The attribute `data` of the original is of no use here."""


_STEPS = {("libs.sam.custom_sam.sam_auto", "SamAnns"): _Masks}


def read_sam_anns(path: Path) -> list[Mapping[str, object]]:
    """The masks of a file: dictionaries with `segmentation`, `level`, `predicted_iou`, `stability_score` and others.

    Raises `FileNotFoundError`, `UnsafePickleError` for a file that asks for anything that could run a program, and
    `ForeignFileError` for a damaged one or one of other contents.
    """
    content = read_pickle(path, _STEPS, _DICT_NAMES)
    if not isinstance(content, list) or not all(isinstance(mask, dict) for mask in content):
        raise ForeignFileError(
            f"{path}: expected a list of masks, each a dictionary with `segmentation`, as FMA-WSSS writes it, found "
            f"{type(content).__name__}. To do: correct the path."
        )
    return list(content)
