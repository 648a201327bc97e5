"""Torch tensors inside pickled arrays, rebuilt as NumPy arrays by checked steps only.

`numpy.save` of a dictionary that holds a tensor (IRN's CAM files) pickles the tensor as a call of torch's rebuilding
function on a storage, and the storage as the bytes of a checkpoint inside the file. Exactly these two calls are taken:
the bytes are read by torch's own restricted reader, the tensor is laid out here, after a check that it lies inside.
"""

import io
import pickle
from collections.abc import Mapping, Sequence

import numpy as np
import torch

_REFUSALS = (
    *(pickle.UnpicklingError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError),
    *(RuntimeError, OverflowError, AssertionError, ImportError),
)
"""What `torch.load` raises on damaged or unsafe bytes."""


class _Steps:
    """Bound methods cannot be changed by a pickle, as functions and classes could."""

    def load_from_bytes(self, data: object) -> np.ndarray:
        """In place of `torch.storage._load_from_bytes`: all values of a storage, one axis."""
        if not isinstance(data, bytes):
            raise ValueError("a tensor whose data are no bytes")
        try:
            storage = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        except _REFUSALS as error:
            raise ValueError(f"a tensor whose data torch refuses ({_first_line(error)})") from error
        if not isinstance(storage, torch.storage.TypedStorage):
            raise ValueError(f"a {type(storage).__name__} where the data of a tensor are expected")
        return _values(storage)

    def rebuild_tensor(
        self,
        storage: np.ndarray,
        offset: int,
        size: Sequence[int],
        stride: Sequence[int],
        requires_grad: object,
        hooks: object,
        metadata: object = None,
    ) -> np.ndarray:
        """In place of `torch._utils._rebuild_tensor_v2`: a copy with the axes `size`.

        Raises ValueError for hooks, for lazy signs (`metadata`) and for a tensor that reaches beyond its storage.
        """
        if type(storage) is not np.ndarray or storage.ndim != 1:
            raise ValueError("a tensor without data of its own")
        if hooks or metadata:
            raise ValueError("a tensor with hooks or metadata")
        numbers = (offset, *size, *stride)
        if len(size) != len(stride) or not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError(f"a tensor of the size {size!r} with the strides {stride!r}")
        count = int(np.prod(size, dtype=object))
        last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
        if count and (count > len(storage) or last >= len(storage)):
            raise ValueError(f"a tensor of the size {size!r}, which is more than its data")
        steps = [step * storage.itemsize for step in stride]
        start = storage[offset:] if count else storage[:0]
        return np.lib.stride_tricks.as_strided(start, tuple(size), steps, writeable=False).copy()


def _values(storage: torch.storage.TypedStorage) -> np.ndarray:
    raw = torch.empty(0, dtype=storage.dtype).set_(storage)
    if raw.dtype == torch.bfloat16:  # a subset of float32, and unknown to NumPy
        raw = raw.float()
    return raw.numpy().copy()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


_STEPS = _Steps()
TENSOR_STEPS: Mapping[tuple[str, str], object] = {
    ("torch._utils", "_rebuild_tensor_v2"): _STEPS.rebuild_tensor,
    ("torch.storage", "_load_from_bytes"): _STEPS.load_from_bytes,
}
"""Module and name in the pickle -> what is called in their place."""
