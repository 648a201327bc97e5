"""MXNet's list of arrays, written byte by byte in its three forms."""

import struct
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.checkpoints.mxnet_params import ARRAY_V1, ARRAY_V2, DTYPES, MAGIC, read_mxnet_file
from wsss_core.checkpoints.reading import read_state

STATE = {
    "arg:conv1a_weight": torch.arange(24.0).reshape(2, 3, 2, 2),
    "aux:bn7_moving_var": torch.tensor([0.5, 2.0]),
}
GPU = 2
FORMS = ["legacy", "v1", "v2"]


def array(tensor: torch.Tensor, form: str, device: int = 1) -> bytes:
    sides = tuple(tensor.shape)
    head = {
        "legacy": struct.pack(f"<I{len(sides)}I", len(sides), *sides),
        "v1": struct.pack(f"<II{len(sides)}q", ARRAY_V1, len(sides), *sides),
        "v2": struct.pack(f"<IiI{len(sides)}q", ARRAY_V2, 0, len(sides), *sides),
    }[form]
    return head + struct.pack("<iii", device, 0, DTYPES.index(tensor.dtype)) + tensor.numpy().tobytes()


def params(arrays: list[bytes], names: list[str]) -> bytes:
    named = b"".join(struct.pack("<Q", len(name.encode())) + name.encode() for name in names)
    count = struct.pack("<Q", len(names)) + named
    return MAGIC + struct.pack("<QQ", 0, len(arrays)) + b"".join(arrays) + count


def net(form: str = "legacy") -> bytes:
    return params([array(tensor, form) for tensor in STATE.values()], list(STATE))


def written(tmp_path: Path, content: bytes) -> Path:
    (tmp_path / "net.params").write_bytes(content)
    return tmp_path / "net.params"


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_told_by_its_content_and_read(tmp_path, form):
    read = read_state(written(tmp_path, net(form)).rename(tmp_path / "any.name"))
    assert list(read) == list(STATE)
    assert all(torch.equal(read[name], tensor) for name, tensor in STATE.items())


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
    st.sampled_from([dtype for dtype in DTYPES if dtype is not torch.bool]),
    st.sampled_from(FORMS),
)
def test_all_types_and_shapes_come_back(tmp_path_factory, shape, dtype, form):
    tensor = torch.arange(torch.Size(shape).numel()).reshape(shape).to(dtype)
    path = tmp_path_factory.mktemp("params") / "x.params"
    path.write_bytes(params([array(tensor, form, GPU)], ["arg:a"]))
    with open(path, "rb") as file:
        read = read_mxnet_file(file)["arg:a"]
    assert read.dtype == dtype
    assert torch.equal(read, tensor)


def test_forms_may_stand_side_by_side_and_an_unfilled_array_among_them(tmp_path):
    arrays = [array(torch.ones(2), "v2"), struct.pack("<I", 0), array(torch.zeros(1), "legacy")]
    read = read_state(written(tmp_path, params(arrays, ["a", "b", "c"])))
    assert [tensor.numel() for tensor in read.values()] == [2, 0, 1]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_cut_anywhere_is_an_error_that_names_it(tmp_path, form):
    content = net(form)
    for end in range(len(MAGIC), len(content)):
        with pytest.raises(ValueError, match=r"net\.params: expected a complete MXNet .*Fetch the file again"):
            read_state(written(tmp_path, content[:end]))


def test_announced_sizes_take_no_memory_before_they_are_checked(tmp_path):
    giant = struct.pack("<III", 2, 2**31, 2**31) + struct.pack("<iii", 1, 0, 0)
    with pytest.raises(ValueError, match=r"a tensor of \d+ bytes is announced where \d+ are left"):
        read_state(written(tmp_path, params([giant], ["a"])))
    with pytest.raises(ValueError, match="bytes too early"):
        read_state(written(tmp_path, MAGIC + struct.pack("<QQ", 0, 2**60)))
    long_name = params([array(torch.ones(1), "v1")], [])[:-8] + struct.pack("<QQ", 1, 2**40)
    with pytest.raises(ValueError, match="within a name"):
        read_state(written(tmp_path, long_name))


def test_what_cannot_be_weights_is_named(tmp_path):
    one = array(torch.ones(1), "v2")
    sparse = one[:4] + struct.pack("<i", 1) + one[8:]
    with pytest.raises(ValueError, match="a sparse array"):
        read_state(written(tmp_path, params([sparse], ["a"])))
    with pytest.raises(ValueError, match="unknown type 99"):
        read_state(written(tmp_path, params([struct.pack("<IIiii", 1, 1, 1, 0, 99)], ["a"])))
    with pytest.raises(ValueError, match="an array of 4000 axes"):
        read_state(written(tmp_path, params([struct.pack("<I", 4000)], ["a"])))
    with pytest.raises(ValueError, match="a negative side"):
        read_state(written(tmp_path, params([struct.pack("<IIqiii", ARRAY_V1, 1, -1, 1, 0, 0)], ["a"])))
    for names in ([], ["a", "b"]):
        with pytest.raises(ValueError, match=f"1 arrays with {len(names)} names"):
            read_state(written(tmp_path, params([one], names)))
    with pytest.raises(ValueError, match="2 arrays with 1 names"):
        read_state(written(tmp_path, params([one, one], ["a", "a"])))
