"""State dicts from files, safely: `.safetensors`, or PyTorch pickles restricted to tensors."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

State = dict[str, torch.Tensor]
WRAPPER_KEYS = ("state_dict", "model_state_dict", "model")
PARALLEL_PREFIX = "module."


def read_state(path: Path) -> State:
    """Read the tensors of a checkpoint into memory, on the CPU.

    A dict that wraps the state dict (`state_dict`, `model_state_dict`, `model`) is opened, a `module.` prefix on all
    names is removed, and half-precision tensors become float32.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a checkpoint, a pickle that holds more than tensors, or no tensors in it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such weights file; check the path in the settings")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    state = {name: _as_float32(value) for name, value in _unwrap(content, path).items()}
    if all(name.startswith(PARALLEL_PREFIX) for name in state):
        state = {name.removeprefix(PARALLEL_PREFIX): value for name, value in state.items()}
    return state


def _read_safetensors(path: Path) -> object:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path}: not a readable safetensors file ({error}); fetch it again") from error


def _read_pickle(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, UnicodeDecodeError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"{path}: expected a PyTorch state dict of tensors only (other objects in a pickle are refused, "
            f"because they can run code), found: {reason}. "
            "Fetch the file again, or save the state dict alone"
        ) from error


def _unwrap(content: object, path: Path) -> State:
    for key in WRAPPER_KEYS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping):
        raise ValueError(f"{path}: expected a dict from names to tensors, found {type(content).__name__}")
    state = {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if not state:
        raise ValueError(f"{path}: no tensors inside; found the keys {list(content)[:5]}")
    return state


def _as_float32(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value
