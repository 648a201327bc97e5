"""Pickles and PyTorch's old containers written opcode by opcode, as programs of their time wrote them."""

import io
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path

import torch

MAGIC = 0x1950A86A20F9469CFC6C
TYPES = {torch.float32: "Float", torch.float16: "Half", torch.int64: "Long", torch.uint8: "Byte"}
SYS_INFO = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def number(value: int) -> bytes:
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def text(value: str, python2: bool = False) -> bytes:
    raw = value.encode()
    return b"U" + bytes([len(raw)]) + raw if python2 else b"X" + struct.pack("<I", len(raw)) + raw


def sequence(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def listing(*items: bytes) -> bytes:
    return b"](" + b"".join(items) + b"e"


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + sequence(*arguments) + b"R"


def kept_outside(pid: bytes) -> bytes:
    return pid + b"Q"


def mapping(items: Mapping[bytes, bytes]) -> bytes:
    return b"}(" + b"".join(key + value for key, value in items.items()) + b"u"


def whole(body: bytes) -> bytes:
    return b"\x80\x02" + body + b"."


def plain(value: object) -> bytes:
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        return number(value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return mapping({plain(key): plain(inner) for key, inner in value.items()})
    if isinstance(value, tuple):
        return sequence(*map(plain, value))
    assert isinstance(value, list)
    return listing(*map(plain, value))


def state_dict(tensors: Mapping[str, bytes], python2: bool = False) -> bytes:
    """An OrderedDict as the Pythons write it: with the pairs as argument, or empty, filled, then its `_metadata`."""
    if python2:
        pairs = [listing(text(key, True), value) for key, value in tensors.items()]
        return call(name("collections", "OrderedDict"), listing(*pairs))
    filled = b"(" + b"".join(text(key) + value for key, value in tensors.items()) + b"u"
    metadata = mapping({text("_metadata"): call(name("collections", "OrderedDict"))})
    return call(name("collections", "OrderedDict")) + filled + metadata + b"b"


def tensor_in_storage(tensor: torch.Tensor, key: str, device: str, version: int, python2: bool) -> bytes:
    module = "torch.cuda" if device.startswith("cuda") else "torch"
    pid = sequence(
        text("storage", python2),
        name(module, f"{TYPES[tensor.dtype]}Storage"),
        text(key, python2),
        text(device, python2),
        number(tensor.numel()),
        b"N",
    )
    arguments = [kept_outside(pid), number(0), plain(tuple(tensor.shape)), plain(tensor.stride())]
    if version == 2:
        arguments += [b"\x89", call(name("collections", "OrderedDict"))]
    return call(name("torch._utils", "_rebuild_tensor_v2" if version == 2 else "_rebuild_tensor"), *arguments)


def storage_bytes(tensor: torch.Tensor) -> bytes:
    return struct.pack("<q", tensor.numel()) + tensor.as_strided((tensor.numel(),), (1,)).numpy().tobytes()


def legacy_bytes(content: bytes, keys: list[str], storages: bytes, info: object = None) -> bytes:
    head = whole(plain(MAGIC)) + whole(plain(1001)) + whole(plain(info or SYS_INFO))
    return head + whole(content) + whole(plain(keys)) + storages


def legacy_state_dict(
    state: Mapping[str, torch.Tensor], device: str = "cuda:0", version: int = 2, python2: bool = False
) -> bytes:
    """The container of PyTorch 0.1.7 to 1.5: `version` 1 of the tensors is before 0.4."""
    keys = {entry: str(94_000_000_000_000 + 64 * index) for index, entry in enumerate(state)}
    tensors = {
        entry: tensor_in_storage(tensor, keys[entry], device, version, python2) for entry, tensor in state.items()
    }
    storages = b"".join(storage_bytes(tensor) for tensor in state.values())
    return legacy_bytes(state_dict(tensors, python2), list(keys.values()), storages)


def tar_state_dict(state: Mapping[str, torch.Tensor]) -> dict[str, bytes]:
    """The members of the oldest container, with the tensors of a GPU. Storages are numbered from 0, tensors from 1000;
    the last tensor lies in a view (2000) of its storage."""
    storages, tensors, pickled = b"", b"", {}
    last = len(state) - 1
    for index, (entry, tensor) in enumerate(state.items()):
        word = TYPES[tensor.dtype]
        kind = name("torch.cuda", f"{word}Storage")
        storages += whole(sequence(number(index), text("cuda:0"), kind)) + storage_bytes(tensor)
        held = 2000 if index == last else index
        tensors += whole(sequence(number(1000 + index), number(held), name("torch.cuda", f"{word}Tensor")))
        tensors += struct.pack(f"<ii{2 * tensor.ndim + 1}q", tensor.ndim, 0, *tensor.shape, *tensor.stride(), 0)
        pickled[entry] = kept_outside(text(str(1000 + index)))
    views = plain([(2000, last, 0, list(state.values())[-1].numel())])
    return {
        "storages": whole(number(len(state))) + storages + whole(views),
        "tensors": whole(number(len(state))) + tensors,
        "pickle": whole(state_dict(pickled)),
    }


def write_tar(path: Path, members: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        for member, content in members.items():
            about = tarfile.TarInfo(member)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return path
