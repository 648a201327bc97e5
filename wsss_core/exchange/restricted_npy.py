"""Pickled `.npy` dictionaries of other systems, read without running what they contain.

A pickle may call any function. Here only the pieces of which NumPy arrays, dictionaries and numbers are built may
occur; everything else is refused by name before it is touched.
"""

import collections
import io
import pickle
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

from wsss_core.exchange.pickled_arrays import STEPS

_MAGIC = b"\x93NUMPY"

_HARMLESS: dict[tuple[str, str], object] = {**STEPS, ("collections", "OrderedDict"): collections.OrderedDict}
"""What a file may ask for. The objects are at hand, so that a file's words never lead to an import."""


class UnsafePickleError(ValueError):
    """A pickled file asks for something other than arrays, dictionaries, texts and numbers."""


class _RestrictedUnpickler(pickle.Unpickler):
    def __init__(self, data: bytes, where: str) -> None:
        # Old files were written by Python 2, whose byte strings hold array data: latin1 keeps them as they are.
        super().__init__(io.BytesIO(data), encoding="latin1")
        self._where = where

    def find_class(self, module: str, name: str) -> object:
        """The class or function of that name if it is on the list. Raises `UnsafePickleError` otherwise."""
        if (module, name) not in _HARMLESS:
            raise UnsafePickleError(
                f"{self._where}: expected only NumPy arrays, dictionaries, texts and numbers, found {module}.{name}, "
                "which could run a program. To do: do not use this file; ask its author for one without it."
            )
        return _HARMLESS[module, name]


def read_pickled_npy(path: Path | str) -> object:
    """What `numpy.load(path, allow_pickle=True)` gives, built from harmless pieces only.

    A 0-d object array is returned as the object in it. Raises `FileNotFoundError`, `UnsafePickleError` or ValueError
    for a damaged file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected a .npy file, found none. To do: correct the path.")
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        raise ValueError(f"{path}: expected a .npy file, found other content. To do: correct the path.")
    try:
        return _parse(data, str(path))
    except UnsafePickleError:
        raise
    except (pickle.UnpicklingError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: expected a complete .npy file, found: {error}. To do: copy it again.") from error


def _parse(data: bytes, where: str) -> object:
    stream = io.BytesIO(data)
    version = npy_format.read_magic(stream)
    read_header = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    shape, _, dtype = read_header(stream)
    if not dtype.hasobject:
        return np.load(io.BytesIO(data), allow_pickle=False)
    value = _RestrictedUnpickler(data[stream.tell() :], where).load()
    if isinstance(value, np.ndarray) and shape == ():
        return value.item()
    return value
