"""State dicts from files of any kind, told by their content, read without running code in them."""

import pickle
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from wsss_core.checkpoints import mxnet_params, onnx_model
from wsss_core.checkpoints.caffe_model import looks_like_caffe, read_caffe_file
from wsss_core.checkpoints.mxnet_params import read_mxnet_file
from wsss_core.checkpoints.onnx_model import read_onnx_file
from wsss_core.checkpoints.tar_file import MARK, MARK_OFFSET, UnsafePickleError, read_tar_file
from wsss_core.checkpoints.torchscript_file import is_torchscript, read_torchscript_file
from wsss_core.settings.paths import where_it_leads

State = dict[str, torch.Tensor]
WRAPPER_KEYS = ("state_dict", "model_state_dict", "model")
JOINED_KEYS = ("embedding_model", "prediction_model")
"""The two halves of a network of SPML, with names that do not meet."""
PARALLEL_PREFIX = "module."
SINGLE = "tensor"
"""Name of a tensor that is alone in its file."""
SAFETENSORS = ".safetensors"
PYTORCH_STARTS = (b"PK\x03\x04", b"\x80")
"""A zip file, or before PyTorch 1.6 pickles in a row."""
HEAD_BYTES = 512
REFUSED_NAME = re.compile(r"GLOBAL ([\w.]+)")
ERRORS = (
    *(pickle.UnpicklingError, tarfile.TarError, struct.error, EOFError, ValueError, KeyError, IndexError, TypeError),
    *(AttributeError, AssertionError, OverflowError, RuntimeError, MemoryError, ImportError, OSError),
    *(zipfile.BadZipFile, zlib.error),
)
"""What reading a damaged file may raise, also within PyTorch."""

Reader = Callable[[BinaryIO], object]


def read_state(path: Path) -> State:
    """Read the tensors of a checkpoint into memory, on the CPU.

    The ending tells safetensors, the content the other kinds: PyTorch files of any age (zip, older pickles, tar,
    TorchScript), MXNet `.params`, Caffe `.caffemodel`, ONNX (its convolutions). A dict that wraps the state dict
    (`state_dict`, `model_state_dict`, `model`) is opened, the two of SPML are joined, a tensor alone is called
    `tensor`, a `module.` prefix on all names is removed, and half-precision tensors become float32.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a checkpoint, an incomplete one, a pickle that holds more than tensors and plain values, or no
            tensors in it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{where_it_leads(path)}: no such weights file; check the path in the settings")
    content = _read_safetensors(path) if path.suffix == SAFETENSORS else _read_other(path)
    state = {name: _as_float32(value) for name, value in _unwrap(content, path).items()}
    if all(name.startswith(PARALLEL_PREFIX) for name in state):
        state = {name.removeprefix(PARALLEL_PREFIX): value for name, value in state.items()}
    return state


def _read_safetensors(path: Path) -> object:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path}: not a readable safetensors file ({error}); fetch it again") from error


def _read_other(path: Path) -> object:
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        kind, read = _reader(head, path)
        try:
            return read(file)
        except UnsafePickleError as error:
            raise ValueError(
                f"{path}: expected a PyTorch state dict of tensors only, found {error}; other objects in a pickle are "
                "refused, because they can run code. Fetch the file again, or save the state dict alone"
            ) from error
        except ERRORS as error:
            raise ValueError(f"{path}: expected {kind}, found: {_reason(error)}. Fetch the file again") from error


def _reason(error: BaseException) -> str:
    """The first line of the error's text that is no advice of PyTorch's to load the file with code in it."""
    lines = (line.strip() for line in str(error).splitlines())
    return next((line for line in lines if line and "weights_only" not in line), type(error).__name__)


def _reader(head: bytes, path: Path) -> tuple[str, Reader]:
    """Name and reader of the kind of file that begins with `head`."""
    if head.startswith(PYTORCH_STARTS):
        return "a complete PyTorch file", _read_pytorch
    if head.startswith(mxnet_params.MAGIC):
        return "a complete MXNet .params file", read_mxnet_file
    if head[MARK_OFFSET:].startswith(MARK):
        return "a complete PyTorch file (tar)", read_tar_file
    if head.startswith(onnx_model.FIRST_BYTE):
        return "a complete ONNX file", _read_onnx
    if looks_like_caffe(head):
        return "a complete Caffe .caffemodel", _read_caffe
    raise ValueError(
        f"{path}: expected weights of PyTorch, safetensors, MXNet (.params), Caffe (.caffemodel) or ONNX, found a file "
        f"that begins with {head[:16]!r}. Fetch the file again"
    )


def _read_pytorch(file: BinaryIO) -> object:
    if is_torchscript(file):
        return read_torchscript_file(file)
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if refused := REFUSED_NAME.search(str(error)):
            raise UnsafePickleError(refused[1]) from error
        raise


def _read_caffe(file: BinaryIO) -> object:
    return read_caffe_file(file.read())


def _read_onnx(file: BinaryIO) -> object:
    return read_onnx_file(file.read())


def _unwrap(content: object, path: Path) -> State:
    if isinstance(content, torch.Tensor):
        return {SINGLE: content}
    for key in WRAPPER_KEYS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if isinstance(content, Mapping) and any(isinstance(content.get(key), Mapping) for key in JOINED_KEYS):
        content = _joined(content)
    if not isinstance(content, Mapping):
        raise ValueError(f"{path}: expected a dict from names to tensors, found {type(content).__name__}")
    state = {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if not state:
        raise ValueError(f"{path}: no tensors inside; found the keys {list(content)[:5]}")
    return state


def _joined(content: Mapping[str, object]) -> dict[str, object]:
    """Both halves in one mapping, each without its own `module.` prefix."""
    halves = [half for key in JOINED_KEYS if isinstance(half := content.get(key), Mapping)]
    return {str(name).removeprefix(PARALLEL_PREFIX): value for half in halves for name, value in half.items()}


def _as_float32(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value
