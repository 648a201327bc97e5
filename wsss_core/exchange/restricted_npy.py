"""Pickled `.npy` dictionaries of other systems, read without running what they contain.

A pickle may call any function. Here only the pieces of which NumPy arrays, dictionaries and numbers are built may
occur; everything else is refused by name before it is touched.
"""

import collections
import io
import pickle
import pickletools
import tokenize
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.lib import format as npy_format

from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.pickled_arrays import STEPS

_MAGIC = b"\x93NUMPY"

Steps = Mapping[tuple[str, str], object]
"""Module and name that a pickle asks for -> what it is given."""

_HARMLESS: Steps = {**STEPS, ("collections", "OrderedDict"): collections.OrderedDict}
"""What every file may ask for. The objects are at hand, so that a file's words never lead to an import."""
NO_STEPS: Steps = MappingProxyType({})

_NUMBERED_MEMORY = ("PUT", "BINPUT", "LONG_BINPUT")
_DAMAGES = (
    *(pickle.UnpicklingError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError),
    *(OverflowError, MemoryError, RecursionError, SyntaxError, tokenize.TokenError),
)
"""What the reading of a damaged file ends in; the last two come from NumPy's reader of the head."""


class UnsafePickleError(ForeignFileError):
    """A pickled file asks for something other than arrays, dictionaries, texts and numbers."""


class PlainDict(dict):
    """In place of the dictionaries with attributes that many packages have of their own."""

    def __setstate__(self, state: object) -> None:
        """What such a dictionary keeps beside its items is of no use here."""


class _RestrictedUnpickler(pickle.Unpickler):
    def __init__(self, data: bytes, where: str, steps: Steps, dict_names: Collection[str] = ()) -> None:
        # Old files were written by Python 2, whose byte strings hold array data: latin1 keeps them as they are.
        super().__init__(io.BytesIO(data), encoding="latin1")
        self._where, self._steps, self._dict_names = where, steps, dict_names

    def find_class(self, module: str, name: str) -> object:
        """The class or function of that name if it is on the list. Raises `UnsafePickleError` otherwise."""
        if (module, name) in self._steps:
            return self._steps[module, name]
        if name in self._dict_names:
            return PlainDict  # an own class, whatever the file thinks of
        raise UnsafePickleError(
            f"{self._where}: expected only NumPy arrays, dictionaries, texts and numbers, found {module}.{name}, "
            "which could run a program. To do: do not use this file; ask its author for one without it."
        )


def read_pickled_npy(path: Path | str, steps: Steps = NO_STEPS) -> object:
    """What `numpy.load(path, allow_pickle=True)` gives, built from harmless pieces only.

    `steps`: what this kind of file may ask for beyond arrays, dictionaries, texts and numbers, such as
    `pickled_tensors.TENSOR_STEPS`. A 0-d object array is returned as the object in it. Raises `FileNotFoundError`,
    `UnsafePickleError`, or `ForeignFileError` for a damaged file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected a .npy file, found none. To do: correct the path.")
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        raise ForeignFileError(f"{path}: expected a .npy file, found other content. To do: correct the path.")
    try:
        return _parse(data, str(path), {**_HARMLESS, **steps})
    except UnsafePickleError:
        raise
    except _DAMAGES as error:
        raise ForeignFileError(
            f"{path}: expected a complete .npy file, found: {error}. To do: copy it again."
        ) from error


def read_pickle(path: Path, steps: Steps = NO_STEPS, dict_names: Collection[str] = ()) -> object:
    """What `pickle.load` gives for a file of this kind, built from harmless pieces only.

    `steps` as in `read_pickled_npy`; `dict_names`: names of classes, of any module, that are read as dictionaries.
    Raises as `read_pickled_npy`.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected a pickled file, found none. To do: correct the path.")
    data = path.read_bytes()
    try:
        _check_lengths(data)
        return _RestrictedUnpickler(data, str(path), {**_HARMLESS, **steps}, dict_names).load()
    except UnsafePickleError:
        raise
    except _DAMAGES as error:
        raise ForeignFileError(f"{path}: expected a complete pickle, found: {error}. To do: copy it again.") from error


def _parse(data: bytes, where: str, steps: Steps) -> object:
    stream = io.BytesIO(data)
    version = npy_format.read_magic(stream)
    read_header = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    shape, _, dtype = read_header(stream)
    if not dtype.hasobject:
        return np.load(io.BytesIO(data), allow_pickle=False)
    pickled = data[stream.tell() :]
    _check_lengths(pickled)
    value = _RestrictedUnpickler(pickled, where, steps).load()
    if isinstance(value, np.ndarray) and shape == ():
        return value.item()
    return value


def _check_lengths(pickled: bytes) -> None:
    """Raise ValueError where the text asks for more memory than it has bytes, as damaged and hostile files do.

    Python's unpickler takes a stated length or place at its word and fills the memory before it finds the end.
    """
    for opcode, argument, _ in pickletools.genops(pickled):  # refuses lengths that go beyond the end
        if opcode.name in _NUMBERED_MEMORY and int(argument or 0) > len(pickled):
            raise ValueError(f"place {argument} in a text of {len(pickled)} bytes")
