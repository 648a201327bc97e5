"""Damaged and malicious `.npy`, `.npz` and pickled files of other systems."""

import io
import os
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hostile.damage import damaged, tried
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.fma_arrays import read_fma_arrays
from wsss_core.exchange.pickled_tensors import TENSOR_STEPS
from wsss_core.exchange.restricted_npy import read_pickle, read_pickled_npy
from wsss_core.exchange.sam_anns import read_sam_anns

MAPS = {3: np.random.default_rng(0).random((4, 5), np.float32), 7: np.ones((4, 5), np.float16)}
MASKS = [{"segmentation": np.eye(4, dtype=bool), "level": 1, "predicted_iou": 0.9, "name": "a"}]


def npy(content: object, protocol: int = 4) -> bytes:
    """As `numpy.save` writes an object."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": ()})
    pickle.dump(np.array(content, dtype=object), stream, protocol=protocol)
    return stream.getvalue()


def npz() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, cam=np.random.default_rng(0).random((2, 3, 4), np.float32), fg_cls=np.array([1, 4]))
    return stream.getvalue()


def plain_npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


Reader = Callable[[Path], object]
FILES: dict[str, tuple[bytes, Reader]] = {
    "dictionary": (npy(MAPS), read_pickled_npy),
    "older dictionary": (npy(MAPS, 2), read_pickled_npy),
    "with tensors": (npy(MAPS), lambda path: read_pickled_npy(path, TENSOR_STEPS)),
    "array": (plain_npy(np.arange(12.0).reshape(3, 4)), read_pickled_npy),
    "arrays": (npz(), read_fma_arrays),
    "masks": (pickle.dumps(MASKS, protocol=4), read_sam_anns),
    "older masks": (pickle.dumps(MASKS, protocol=0), read_pickle),
}
DAMAGED = st.sampled_from(sorted(FILES)).flatmap(lambda kind: st.tuples(st.just(kind), damaged(FILES[kind][0])))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "file.npy"


@pytest.mark.parametrize("kind", FILES)
def test_what_is_damaged_below_was_sound(path: Path, kind: str) -> None:
    content, read = FILES[kind]
    path.write_bytes(content)
    assert read(path) is not None


@pytest.mark.filterwarnings("ignore")  # Python's about texts with odd escapes
@given(case=DAMAGED)
def test_a_damaged_file_is_read_or_refused_with_its_name(path: Path, case: tuple[str, bytes]) -> None:
    kind, content = case
    path.write_bytes(content)
    assert tried(lambda: FILES[kind][1](path), ForeignFileError, str(path)) is not None


OPCODES = [opcode.code.encode("latin1") for opcode in pickletools.opcodes]
NAMES = ("os\nsystem\n", "builtins\neval\n", "numpy\ndtype\n", "posix\nmkdir\n", "collections\nOrderedDict\n")
PIECES = st.one_of(
    st.sampled_from(OPCODES),
    st.binary(max_size=4),
    st.sampled_from([b"c" + name.encode() for name in NAMES]),
    st.sampled_from(
        [b"X\x03\x00\x00\x00ran", b"\x8c\x03ran", b"K\x01", b"(", b")", b"]", b"}", b"\x85R", b"t", b"R", b"b"]
    ),
)


@given(pieces=st.lists(PIECES, max_size=30), protocol=st.integers(0, 5))
def test_no_program_of_pickle_does_more_than_build_plain_things(path: Path, pieces: list[bytes], protocol: int) -> None:
    """Random programs of the pickle machine, with names of functions among them."""
    path.write_bytes(b"\x80" + bytes([protocol]) + b"".join(pieces) + b".")
    here = sorted(os.listdir())
    tried(lambda: read_pickle(path), ForeignFileError, str(path))
    assert sorted(os.listdir()) == here


class Payload:
    """Pickled, it asks for a function to be called when it is read."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, ...]:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", ["npy", "pickle"])
@pytest.mark.parametrize("attack", ["call", "nested", "import"])
def test_a_file_that_would_run_something_is_refused_unrun(path: Path, attack: str, kind: str, protocol: int) -> None:
    mark = path.with_name("ran")
    payload = {
        "call": Payload(os.mkdir, str(mark)),
        "nested": {3: [Payload(os.system, f"mkdir {mark}"), Payload(np.ndarray, (2,))]},
        "import": Payload(__import__, "antigravity"),
    }[attack]
    path.write_bytes(npy(payload, protocol) if kind == "npy" else pickle.dumps(payload, protocol=protocol))
    with pytest.raises(ForeignFileError, match="could run a program"):
        read_pickled_npy(path) if kind == "npy" else read_pickle(path)
    assert not mark.exists()


@pytest.mark.parametrize("shape", ["(10000000000,)", "(3, -1)", "(1e3,)", "()" * 2, "(" * 1000])
def test_a_head_that_promises_a_giant_costs_no_memory(path: Path, shape: str) -> None:
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + b"\0" * 16)
    with pytest.raises(ForeignFileError, match=r"file\.npy"):
        read_pickled_npy(path)
