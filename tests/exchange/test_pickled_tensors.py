"""Tensors inside pickled arrays come back as arrays; whatever else a pickle does under torch's names is refused."""

import collections
import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.npy_dicts import read_dict
from wsss_core.exchange.pickled_tensors import TENSOR_STEPS
from wsss_core.exchange.restricted_npy import UnsafePickleError

REBUILD = TENSOR_STEPS["torch._utils", "_rebuild_tensor_v2"]
LOAD = TENSOR_STEPS["torch.storage", "_load_from_bytes"]
NUMBERS = np.arange(6, dtype=np.float32)


def save(path: Path, content: object) -> Path:
    np.save(path, np.array(content, dtype=object), allow_pickle=True)
    return path


class Call:
    """Pickled as a call of `function` with `arguments`."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.float64, torch.int64, torch.uint8, torch.bool])
@pytest.mark.parametrize("change", [lambda t: t, lambda t: t.transpose(0, 2), lambda t: t[1:, ::2], lambda t: t[:0]])
def test_tensors_of_every_type_and_layout_come_back_as_arrays(tmp_path: Path, dtype: torch.dtype, change) -> None:
    tensor = change((torch.rand(3, 4, 5) * 9).to(dtype))
    read = read_dict(save(tmp_path / "a.npy", {"a": tensor}), TENSOR_STEPS)["a"]
    assert isinstance(read, np.ndarray)
    assert read.dtype == tensor.numpy().dtype
    np.testing.assert_array_equal(read, tensor.numpy())


def test_numbers_unknown_to_numpy_become_float32(tmp_path: Path) -> None:
    tensor = torch.rand(4).to(torch.bfloat16)
    read = read_dict(save(tmp_path / "a.npy", {"a": tensor}), TENSOR_STEPS)["a"]
    np.testing.assert_array_equal(np.asarray(read), tensor.float().numpy())


def test_a_tensor_that_learns_is_read_as_its_values(tmp_path: Path) -> None:
    tensor = torch.rand(2, 3, requires_grad=True)
    read = read_dict(save(tmp_path / "a.npy", {"a": tensor}), TENSOR_STEPS)["a"]
    np.testing.assert_array_equal(np.asarray(read), tensor.detach().numpy())


def test_readers_that_expect_no_tensor_refuse_it(tmp_path: Path) -> None:
    with pytest.raises(UnsafePickleError, match=r"a\.npy: .* found torch\._utils\._rebuild_tensor_v2"):
        read_dict(save(tmp_path / "a.npy", {"a": torch.ones(2)}))


def test_a_program_inside_the_storage_is_not_run(tmp_path: Path) -> None:
    target = tmp_path / "made by the trap"
    data = io.BytesIO()
    torch.save(Call(os.mkdir, str(target)), data, _use_new_zipfile_serialization=False)
    save(tmp_path / "a.npy", {"a": Call(torch.storage._load_from_bytes, data.getvalue())})
    with pytest.raises(ForeignFileError, match=r"a\.npy: expected a complete .*a tensor whose data torch refuses"):
        read_dict(tmp_path / "a.npy", TENSOR_STEPS)
    assert not target.exists()


@pytest.mark.parametrize("name", ["_rebuild_tensor", "_rebuild_parameter", "_import_dotted_name"])
def test_other_functions_of_torch_are_refused(tmp_path: Path, name: str) -> None:
    save(tmp_path / "a.npy", {"a": Call(getattr(torch._utils, name), "os.system")})
    with pytest.raises(UnsafePickleError, match=rf"torch\._utils\.{name}"):
        read_dict(tmp_path / "a.npy", TENSOR_STEPS)


@pytest.mark.parametrize("data", ["text", b"", b"no checkpoint", pickle.dumps([1, 2], protocol=2)])
def test_data_that_are_no_storage_are_refused(data: object) -> None:
    with pytest.raises(ValueError, match="a tensor whose data"):
        LOAD(data)


def test_a_checkpoint_of_something_else_is_no_storage() -> None:
    data = io.BytesIO()
    torch.save({"a": torch.ones(2)}, data)
    with pytest.raises(ValueError, match="a dict where the data of a tensor are expected"):
        LOAD(data.getvalue())


NO_HOOKS: dict[str, object] = collections.OrderedDict()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((NUMBERS, 0, (7,), (1,), False, NO_HOOKS), "more than its data"),
        ((NUMBERS, 3, (4,), (1,), False, NO_HOOKS), "more than its data"),
        ((NUMBERS, 0, (2, 2), (5, 1), False, NO_HOOKS), "more than its data"),
        ((NUMBERS, 0, (10**9, 10**9), (0, 0), False, NO_HOOKS), "more than its data"),
        ((NUMBERS, 0, (2**40, 2**40), (2**40, 1), False, NO_HOOKS), "more than its data"),
        ((NUMBERS, -1, (2,), (1,), False, NO_HOOKS), "with the strides"),
        ((NUMBERS, 5, (2,), (-1,), False, NO_HOOKS), "with the strides"),
        ((NUMBERS, 0, (2, 3), (1,), False, NO_HOOKS), "with the strides"),
        ((NUMBERS, 0, (2.0,), (1,), False, NO_HOOKS), "with the strides"),
        ((NUMBERS.reshape(2, 3), 0, (2,), (1,), False, NO_HOOKS), "without data of its own"),
        ((b"AAAAAAAA", 0, (2,), (1,), False, NO_HOOKS), "without data of its own"),
        ((NUMBERS, 0, (6,), (1,), False, {1: print}), "hooks or metadata"),
        ((NUMBERS, 0, (6,), (1,), False, NO_HOOKS, {"neg": True}), "hooks or metadata"),
    ],
)
def test_tensors_that_do_not_lie_in_their_data_are_refused(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        REBUILD(*arguments)


@given(data=st.data())
def test_a_layout_is_that_of_torch_or_refused(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(0, 4), max_size=3))
    strides = data.draw(st.lists(st.integers(0, 5), min_size=len(sizes), max_size=len(sizes)))
    offset = data.draw(st.integers(0, 7))
    try:
        read = REBUILD(NUMBERS, offset, tuple(sizes), tuple(strides), False, NO_HOOKS)
    except ValueError:
        count = int(np.prod(sizes))
        last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
        assert count > len(NUMBERS) or last >= len(NUMBERS)
    else:
        expected = torch.as_strided(torch.from_numpy(NUMBERS), sizes, strides, min(offset, 6)).numpy()
        np.testing.assert_array_equal(read, expected)
        assert read.shape == tuple(sizes)
