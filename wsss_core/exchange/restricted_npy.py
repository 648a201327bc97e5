"""Pickled `.npy` dictionaries of other systems, read without running what they contain.

A pickle may call any function. Here only the pieces of which NumPy arrays, dictionaries and numbers are built may
occur; everything else is refused by name before it is touched.
"""

import codecs
import collections
import io
import pickle
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

_MAGIC = b"\x93NUMPY"
_FIFTH_PROTOCOL = 5


def _harmless() -> dict[tuple[str, str], object]:
    """What a file may ask for, by the module and name it was known by in any NumPy version.

    The objects are taken from values at hand, so that a file's words never lead to an import.
    """
    known: dict[tuple[str, str], object] = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("_codecs", "encode"): codecs.encode,  # how Python 3 writes bytes in the oldest protocols
    }
    for core in ("numpy.core", "numpy._core"):
        known[f"{core}.multiarray", "_reconstruct"] = np.zeros(1).__reduce__()[0]
        known[f"{core}.multiarray", "scalar"] = np.float32(0).__reduce__()[0]
        known[f"{core}.numeric", "_frombuffer"] = np.zeros(1).__reduce_ex__(_FIFTH_PROTOCOL)[0]
    return known


_HARMLESS = _harmless()


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
