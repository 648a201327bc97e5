"""Pickled arrays of other systems are read; anything that could run a program is refused before it does."""

import collections
import os
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy_format

from wsss_core.exchange.restricted_npy import UnsafePickleError, read_pickled_npy


def save_dict(path: Path, value: object, protocol: int = 4) -> Path:
    """As `np.save` writes a dictionary, with any pickle protocol."""
    with path.open("wb") as file:
        header = {"descr": "|O", "fortran_order": False, "shape": ()}
        npy_format.write_array_header_1_0(file, header)
        pickle.dump(np.array(value, dtype=object), file, protocol=protocol)
    return path


class Trap:
    """Unpickled by an ordinary reader this would make a folder."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
def test_dictionaries_of_arrays_texts_and_numbers_are_read(tmp_path: Path, protocol: int) -> None:
    value = {"2007_000032": np.arange(20, dtype=np.float32), 7: (1.5, "größe", None, True), "n": np.float32(2)}
    read = read_pickled_npy(save_dict(tmp_path / "a.npy", value, protocol))
    assert isinstance(read, dict)
    assert list(read) == list(value)
    np.testing.assert_array_equal(read["2007_000032"], value["2007_000032"])
    assert read[7] == value[7]
    assert read["n"] == 2


def test_files_of_np_save_are_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array({3: np.ones((2, 2))}, dtype=object), allow_pickle=True)
    read = read_pickled_npy(tmp_path / "a.npy")
    assert isinstance(read, dict)
    assert read[3].tolist() == [[1, 1], [1, 1]]


def test_plain_arrays_need_no_pickle(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(np.asarray(read_pickled_npy(tmp_path / "a.npy")), np.arange(6).reshape(2, 3))


def test_ordered_dictionaries_are_allowed(tmp_path: Path) -> None:
    value = collections.OrderedDict(a=1)
    assert read_pickled_npy(save_dict(tmp_path / "a.npy", value)) == value


def test_a_planted_program_is_named_and_not_run(tmp_path: Path) -> None:
    target = tmp_path / "made by the trap"
    path = save_dict(tmp_path / "a.npy", {"a": Trap(target)})
    with pytest.raises(UnsafePickleError, match=r"a\.npy: .*found posix\.mkdir.*To do"):
        read_pickled_npy(path)
    assert not target.exists()


@pytest.mark.parametrize("name", ["eval", "getattr", "__import__"])
def test_builtins_are_refused(tmp_path: Path, name: str) -> None:
    header = save_dict(tmp_path / "a.npy", {}).read_bytes()[:128]
    (tmp_path / "a.npy").write_bytes(header + f"cbuiltins\n{name}\n.".encode())
    with pytest.raises(UnsafePickleError, match=f"builtins.{name}"):
        read_pickled_npy(tmp_path / "a.npy")


@pytest.mark.parametrize(("module", "name"), [("numpy", "load"), ("numpy", "fromfile"), ("numpy.testing", "ndarray")])
def test_other_functions_of_numpy_are_refused(tmp_path: Path, module: str, name: str) -> None:
    header = save_dict(tmp_path / "a.npy", {}).read_bytes()[:128]
    (tmp_path / "a.npy").write_bytes(header + f"c{module}\n{name}\n.".encode())
    with pytest.raises(UnsafePickleError, match=f"{module}.{name}"):
        read_pickled_npy(tmp_path / "a.npy")


def written(path: Path, opcodes: bytes) -> Path:
    path.write_bytes(save_dict(path, {}).read_bytes()[:128] + opcodes)
    return path


EIGHT_BYTES = b"C\x08AAAAAAAA"
OBJECTS, DOUBLES = b"cnumpy\ndtype\n(S'O'\ntR", b"cnumpy\ndtype\n(S'f8'\ntR"
EMPTY = b"cnumpy.core.multiarray\n_reconstruct\n(tR"
FORGED = {
    "objects of any bytes": b"cnumpy\nndarray\n((I1\ntS'O'\n" + EIGHT_BYTES + b"tR.",
    "the same by the class's own new": b"cnumpy\nndarray\n((I1\ntS'O'\nt\x81.",
    "a number that is an object": b"cnumpy.core.multiarray\nscalar\n(" + OBJECTS + EIGHT_BYTES + b"tR.",
    "a buffer that is objects": b"cnumpy.core.numeric\n_frombuffer\n(" + EIGHT_BYTES + OBJECTS + b"(I1\ntS'C'\ntR.",
    "data that is objects": EMPTY + b"(I1\n(I1\nt" + OBJECTS + b"I00\n" + EIGHT_BYTES + b"tb.",
    "a type with fields": b"cnumpy\ndtype\n(S'O,i4'\ntR.",
    "a type that is given fields": b"cnumpy\ndtype\n(S'V8'\ntR.",
    "a type told other things": DOUBLES + b"(I3\nS'<'\nN(S'a'\nt}I8\nI8\nI0\ntb.",
    "another code": b"c_codecs\nencode\n(VAAAA\nS'zip'\ntR.",
    "too little data": EMPTY + b"(I1\n(I9\nt" + DOUBLES + b"I00\n" + EIGHT_BYTES + b"tb.",
}


@pytest.mark.parametrize("opcodes", FORGED.values(), ids=FORGED)
def test_arrays_that_no_numpy_writes_are_refused(tmp_path: Path, opcodes: bytes) -> None:
    with pytest.raises(ValueError, match=r"a\.npy: expected a complete \.npy file, found: "):
        read_pickled_npy(written(tmp_path / "a.npy", opcodes))


GREEDY = {
    "a far place": b"N" + b"r" + (2**31).to_bytes(4, "little") + b"0N.",
    "a far place in digits": b"N" + b"p999999999\n" + b"0N.",
    "long bytes": b"\x8e" + (2**40).to_bytes(8, "little") + b"AAAA.",
    "a long array of bytes": b"\x96" + (2**40).to_bytes(8, "little") + b"AAAA.",
    "a long text": b"\x8d" + (2**40).to_bytes(8, "little") + b"AAAA.",
}


@pytest.mark.parametrize("opcodes", GREEDY.values(), ids=GREEDY)
def test_a_file_that_asks_for_more_memory_than_it_has_bytes_is_refused_before_it_gets_it(
    tmp_path: Path, opcodes: bytes
) -> None:
    limit = 1 << 20
    path = written(tmp_path / "a.npy", opcodes)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"a\.npy: expected a complete \.npy file, found: "):
        read_pickled_npy(path)
    assert tracemalloc.get_traced_memory()[1] < limit
    tracemalloc.stop()


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("dtype", [">f4", "<i8", "?", "U5", "S3", "O", "complex64"])
def test_every_plain_kind_of_array_survives(tmp_path: Path, dtype: str, protocol: int) -> None:
    value = np.asfortranarray(np.array([[1, 0, 2], [0, 3, 1]]).astype(dtype))
    read = read_pickled_npy(save_dict(tmp_path / "a.npy", {"a": value, "b": value[:0]}, protocol))
    assert isinstance(read, dict)
    np.testing.assert_array_equal(np.asarray(read["a"]), value)
    assert read["a"].dtype.newbyteorder("=") == value.dtype.newbyteorder("=")
    assert read["b"].shape == (0, 3)


def test_damaged_foreign_and_missing_files_are_told_apart(tmp_path: Path) -> None:
    data = save_dict(tmp_path / "a.npy", {"a": np.arange(100)}).read_bytes()
    for length in (9, 100, 140, len(data) - 10):
        (tmp_path / "cut.npy").write_bytes(data[:length])
        with pytest.raises(ValueError, match=r"cut\.npy: expected a complete"):
            read_pickled_npy(tmp_path / "cut.npy")
    (tmp_path / "b.npy").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ValueError, match="other content"):
        read_pickled_npy(tmp_path / "b.npy")
    with pytest.raises(FileNotFoundError, match="correct the path"):
        read_pickled_npy(tmp_path / "c.npy")
