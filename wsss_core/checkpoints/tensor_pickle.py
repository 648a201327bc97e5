"""Pickles of tensors and plain values from before PyTorch's zip files, read without running what they contain.

A pickle may call any function. Here the names it may use are a fixed list, and each stands for a small function of this
file, not for PyTorch's own: those trust the sizes they are given. Nothing a pickle says leads to an import.
"""

import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

import torch

from wsss_core.checkpoints.raw_values import strided_view

Persistent = Callable[[object], object]
"""What an object kept outside the pickle is, from the name that the pickle has for it."""

DTYPES: Mapping[str, torch.dtype] = {
    "Float": torch.float32,
    "Double": torch.float64,
    "Half": torch.float16,
    "BFloat16": torch.bfloat16,
    "Long": torch.int64,
    "Int": torch.int32,
    "Short": torch.int16,
    "Char": torch.int8,
    "Byte": torch.uint8,
    "Bool": torch.bool,
}
"""PyTorch's words for number types, as in `FloatStorage` and `FloatTensor`."""

ERRORS = (
    *(pickle.UnpicklingError, EOFError, ValueError, KeyError, IndexError),
    *(TypeError, AttributeError, OverflowError, RuntimeError, MemoryError),
)
"""What reading a damaged or hostile pickle may raise."""


class UnsafePickleError(ValueError):
    """A pickle asks for something other than tensors and plain values."""


class _Names(dict[object, object]):
    """In place of OrderedDict. A state dict carries version numbers of its modules (`_metadata`): not needed."""

    def __setstate__(self, state: object) -> None:
        return


class _Steps:
    """Bound methods, because a pickle cannot change them as it could functions and classes."""

    def ordered_dict(self, pairs: object = ()) -> _Names:
        """In place of `OrderedDict(pairs)`."""
        return _Names(pairs)  # type: ignore[call-overload]

    def size(self, sides: object = ()) -> tuple[int, ...]:
        """In place of `torch.Size(sides)`."""
        return tuple(sides)  # type: ignore[arg-type]

    def rebuild_tensor(
        self, storage: torch.Tensor, offset: int, size: Sequence[int], stride: Sequence[int], *_: object
    ) -> torch.Tensor:
        """In place of `torch._utils._rebuild_tensor` and `_v2`: a view of a storage."""
        if not isinstance(storage, torch.Tensor):
            raise ValueError("a tensor without a storage")
        return strided_view(storage, offset, size, stride)

    def parameter(self, value: object, *_: object) -> object:
        """In place of `Parameter(tensor)` and `_rebuild_parameter`: the tensor."""
        return value


_STEPS = _Steps()
_ALLOWED: dict[tuple[str, str], object] = {
    ("collections", "OrderedDict"): _STEPS.ordered_dict,
    ("torch", "Size"): _STEPS.size,
    ("torch._utils", "_rebuild_tensor"): _STEPS.rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _STEPS.rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _STEPS.parameter,
    ("torch.nn.parameter", "Parameter"): _STEPS.parameter,
    **{
        (module, word + what): dtype
        for word, dtype in DTYPES.items()
        for what in ("Storage", "Tensor")
        for module in ("torch", "torch.cuda")
    },
}
"""Module and name in a file -> what is used in their place. Tensors of a GPU become those of the CPU."""


class TensorUnpickler(pickle.Unpickler):
    """One pickle, from the present place of an open file to its end; then the file stands behind it."""

    def __init__(self, file: BinaryIO, persistent: Persistent | None = None) -> None:
        # Files of Python 2 hold byte strings where names are meant; latin1 reads any of them.
        super().__init__(file, encoding="latin1")
        self._persistent = persistent

    def find_class(self, module: str, name: str) -> object:
        """What stands for that name here. Raises `UnsafePickleError` for any other."""
        if (module, name) not in _ALLOWED:
            raise UnsafePickleError(f"{module}.{name}")
        return _ALLOWED[module, name]

    def persistent_load(self, pid: object) -> object:
        """The object outside the pickle. Raises `UnpicklingError` where none can be."""
        if self._persistent is None:
            raise pickle.UnpicklingError("a tensor where none belongs")
        return self._persistent(pid)


def load_plain(file: BinaryIO) -> object:
    """The next pickle of the file, which holds plain values."""
    return TensorUnpickler(file).load()
