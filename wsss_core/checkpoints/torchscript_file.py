"""TorchScript archives, such as OpenAI's `ViT-B-16.pt`: their tensors, without running the program that is in them.

PyTorch opens such a file only by building the program. It is a zip archive whose `data.pkl` holds the modules as nested
objects; this reader takes the names and tensors of these and gives the pickle a fixed list of names, which stand for
functions and values of this file. Nothing leads to an import.
"""

import pickle
import zipfile
from collections.abc import Iterator, Mapping
from typing import BinaryIO, cast

import torch

from wsss_core.checkpoints.tar_file import DTYPES, UnsafePickleError, strided_view

PROGRAM = "constants.pkl"
"""A member that only archives with a program have."""
MODULES = "data.pkl"
PROGRAM_TYPES = "__torch__"


def is_torchscript(file: BinaryIO) -> bool:
    """Whether an open file is a TorchScript archive; its position is kept. No, where it is no complete zip archive."""
    place = file.tell()
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith(f"/{PROGRAM}") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False
    finally:
        file.seek(place)


def read_torchscript_file(file: BinaryIO) -> dict[str, torch.Tensor]:
    """The tensors of an open archive by their names in the state dict, on the CPU.

    Raises `UnsafePickleError` with the name of anything that could run code; for a damaged file `UnpicklingError` or
    whatever a wrong value leads to (ValueError, KeyError, RuntimeError, ...).
    """
    try:
        with zipfile.ZipFile(file) as archive:
            program = next(name for name in archive.namelist() if name.endswith(f"/{PROGRAM}"))
            folder = program.removesuffix(PROGRAM)
            with archive.open(folder + MODULES) as pickled:
                root = _Unpickler(cast(BinaryIO, pickled), archive, folder).load()
    except zipfile.BadZipFile as error:
        raise ValueError(f"a damaged archive ({error})") from error
    if not isinstance(root, _Module):
        raise ValueError(f"{type(root).__name__} in the place of the outermost module")
    return dict(_tensors(root, ""))


class _Module:
    """An object of the program: attributes, no behaviour."""

    def __init__(self) -> None:
        self.attributes: Mapping[object, object] = {}

    def __setstate__(self, state: object) -> None:
        self.attributes = state if isinstance(state, dict) else {}


def _tensors(module: _Module, prefix: str) -> Iterator[tuple[str, torch.Tensor]]:
    for name, value in getattr(module, "attributes", {}).items():
        if isinstance(value, torch.Tensor):
            yield f"{prefix}{name}", value
        elif isinstance(value, _Module):
            yield from _tensors(value, f"{prefix}{name}.")


class _Steps:
    """Bound methods, because a pickle cannot change them as it could functions and classes."""

    def tensor(self, storage: torch.Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object):  # type: ignore[no-untyped-def]
        """In place of `torch._utils._rebuild_tensor_v2`."""
        return strided_view(storage, offset, size, stride)

    def nothing(self, *_: object) -> dict[str, object]:
        """In place of `OrderedDict()`: the hooks of a tensor."""
        return {}

    def first(self, value: object, *_: object) -> object:
        """In place of functions that only say of which type their argument is."""
        return value


_STEPS = _Steps()
_ALLOWED: dict[tuple[str, str], object] = {
    ("torch._utils", "_rebuild_tensor_v2"): _STEPS.tensor,
    ("collections", "OrderedDict"): _STEPS.nothing,
    **{
        ("torch.jit._pickle", name): _STEPS.first
        for name in (
            *("restore_type_tag", "build_intlist", "build_doublelist", "build_boollist"),
            *("build_tensorlist", "build_tensor_from_id"),
        )
    },
    **{("torch", f"{word}Storage"): dtype for word, dtype in DTYPES.items()},
    ("torch", "BFloat16Storage"): torch.bfloat16,
    ("torch", "BoolStorage"): torch.bool,
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(file)
        self.archive, self.folder = archive, folder
        self.storages: dict[str, torch.Tensor] = {}

    def find_class(self, module: str, name: str) -> object:
        """What stands for that name here. Raises `UnsafePickleError` for any other."""
        if module.split(".")[0] == PROGRAM_TYPES:
            return type("Module", (_Module,), {})  # a class of its own: a pickle may set attributes of what it names
        if (module, name) not in _ALLOWED:
            raise UnsafePickleError(f"{module}.{name}")
        return _ALLOWED[module, name]

    def persistent_load(self, pid: object) -> torch.Tensor:
        """The storage that a tensor lies in, one-dimensional."""
        _, dtype, key, *_ = cast(tuple[str, torch.dtype, str], pid)
        if key not in self.storages:
            data = bytearray(self.archive.read(f"{self.folder}data/{key}"))
            self.storages[key] = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
        return self.storages[key]
