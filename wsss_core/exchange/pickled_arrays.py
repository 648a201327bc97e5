"""Pickled NumPy arrays rebuilt by checked steps only.

NumPy's own functions trust a pickle: `ndarray(shape, object, buffer)` makes objects of any bytes, and a dtype can be
told that it holds none. Either lets a file point the program at memory of its choice. So neither the class `ndarray`
nor a dtype is ever handed out: the functions here take their places under NumPy's names.
"""

import codecs
from typing import Any

import numpy as np

_KINDS = "biufcSUO"
"""Booleans, numbers, bytes, texts and objects; no fields, no sub-arrays, no dates."""
_OBJECT = "O"
_ARRAY_STATE_LENGTH = 5
_BYTES_CODEC = "latin1"
NDARRAY = "numpy.ndarray"
"""Stands for the class, which pickles name and `reconstruct` ignores."""


class _Dtype:
    """A dtype on its way: name, then byte order. Raises ValueError for anything but plain numbers, texts, objects."""

    def __init__(self, name: object) -> None:
        self.value = np.dtype(name if isinstance(name, str) else "V")
        if self.value.kind not in _KINDS or self.value.names is not None or self.value.subdtype is not None:
            raise ValueError(f"an array of {name!r}, where numbers, texts or objects are expected")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, order, subdtype, names, fields, *_ = state
        if subdtype is not None or names is not None or fields is not None or order not in ("<", ">", "|", "="):
            raise ValueError("an array with fields, where plain numbers are expected")
        self.value = self.value.newbyteorder("|" if order == "=" else order)


class _Array(np.ndarray):
    """An array on its way: NumPy checks that `data` has the length that shape and dtype ask for."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if len(state) != _ARRAY_STATE_LENGTH or not isinstance(state[2], _Dtype):
            raise ValueError("an array without shape, type or data")
        version, shape, dtype, is_fortran, data = state
        if (dtype.value.kind == _OBJECT) != isinstance(data, list):
            raise ValueError("an array whose data is not of its type")
        super().__setstate__((version, shape, dtype.value, is_fortran, data))


class _Steps:
    """Bound methods cannot be changed by a pickle, as functions and classes could."""

    def dtype(self, name: object, *_: object) -> _Dtype:
        """In place of `numpy.dtype(name, align, copy)`."""
        return _Dtype(name)

    def reconstruct(self, *_: object) -> _Array:
        """In place of `multiarray._reconstruct(ndarray, (0,), b"b")`: an empty array that its state will fill."""
        return np.ndarray.__new__(_Array, (0,), "b")

    def scalar(self, dtype: _Dtype, data: bytes | str) -> object:
        """In place of `multiarray.scalar`: a number or text of its bytes."""
        value = _numeric(dtype)
        return np.frombuffer(data.encode(_BYTES_CODEC) if isinstance(data, str) else data, value, 1)[0]

    def frombuffer(self, data: bytes, dtype: _Dtype, shape: tuple[int, ...], order: str, *_: object) -> np.ndarray:
        """In place of `numeric._frombuffer`, how arrays stand in pickles of protocol 5."""
        return np.frombuffer(data, _numeric(dtype)).reshape(shape, order="F" if order == "F" else "C")

    def no_bytes(self) -> bytes:
        """In place of `bytes()`: how the oldest protocols write data of no length."""
        return b""

    def encode(self, text: str, codec: str = _BYTES_CODEC) -> bytes:
        """In place of `codecs.encode`: how Python 3 writes bytes in the oldest protocols."""
        if not isinstance(text, str) or codec != _BYTES_CODEC:
            raise ValueError(f"bytes in the code {codec!r}")
        return codecs.encode(text, _BYTES_CODEC)


def _numeric(dtype: object) -> np.dtype:
    if not isinstance(dtype, _Dtype) or dtype.value.kind == _OBJECT:
        raise ValueError("bytes that claim to be objects")
    return dtype.value


_STEPS = _Steps()
STEPS: dict[tuple[str, str], object] = {
    ("numpy", "ndarray"): NDARRAY,
    ("numpy", "dtype"): _STEPS.dtype,
    ("_codecs", "encode"): _STEPS.encode,
    ("__builtin__", "bytes"): _STEPS.no_bytes,
    **{(f"{core}.multiarray", "_reconstruct"): _STEPS.reconstruct for core in ("numpy.core", "numpy._core")},
    **{(f"{core}.multiarray", "scalar"): _STEPS.scalar for core in ("numpy.core", "numpy._core")},
    **{(f"{core}.numeric", "_frombuffer"): _STEPS.frombuffer for core in ("numpy.core", "numpy._core")},
}
"""Module and name, as any NumPy version writes them, -> what is called in their place."""
