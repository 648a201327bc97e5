"""The oldest files of PyTorch, which PyTorch itself reads only with a reader that may run code."""

import io
import struct
import tarfile

import pytest
import torch
from checkpoints.pickle_bytes import call, mapping, name, number, sequence, tar_state_dict, text, whole, write_tar
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.checkpoints.reading import read_state

STATE = {
    "conv.weight": torch.arange(12.0).reshape(2, 3, 2),
    "transposed": torch.arange(6.0).reshape(2, 3).t(),
    "steps": torch.tensor([3, 4]),
}


def test_tensors_of_the_gpu_come_back_on_the_cpu(tmp_path):
    read = read_state(write_tar(tmp_path / "old.pth", tar_state_dict(STATE)))
    assert list(read) == list(STATE)
    assert all(torch.equal(read[entry], tensor) for entry, tensor in STATE.items())


def test_pytorch_reads_the_handmade_file_the_same(tmp_path):
    """With the reader that may run code, and tensors of the CPU: there is no GPU to put the others on."""
    on_cpu = {b"torch.cuda\n": b"torch\n", b"\x06\0\0\0cuda:0": b"\x03\0\0\0cpu"}
    members = tar_state_dict(STATE)
    for old, new in on_cpu.items():
        members = {key: value.replace(old, new) for key, value in members.items()}
    theirs = torch.load(write_tar(tmp_path / "old.pth", members), weights_only=False)
    assert all(torch.equal(theirs[entry], tensor) for entry, tensor in STATE.items())


@pytest.mark.parametrize("member", ["storages", "tensors", "pickle"])
def test_code_in_any_member_is_refused_and_not_run(tmp_path, member):
    mark = tmp_path / "called"
    attack = whole(call(name("os", "system"), text(f"touch {mark}")))
    path = write_tar(tmp_path / "old.pth", {**tar_state_dict(STATE), member: attack})
    with pytest.raises(ValueError, match=r"old\.pth: .*found os\.system.*can run code"):
        read_state(path)
    assert not mark.exists()


@pytest.mark.parametrize("member", ["storages", "tensors", "pickle"])
def test_a_missing_or_cut_member_is_an_error_that_names_the_file(tmp_path, member):
    members = tar_state_dict(STATE)
    with pytest.raises(ValueError, match=rf"old\.pth: .*{member}"):
        read_state(write_tar(tmp_path / "old.pth", {key: value for key, value in members.items() if key != member}))
    for cut in (1, 9):
        with pytest.raises(ValueError, match=r"old\.pth: expected a complete PyTorch file \(tar\)"):
            read_state(write_tar(tmp_path / "old.pth", {**members, member: members[member][:-cut]}))


def test_a_cut_archive_is_an_error(tmp_path):
    path = write_tar(tmp_path / "old.pth", tar_state_dict(STATE))
    path.write_bytes(path.read_bytes()[:1100])
    with pytest.raises(ValueError, match=r"old\.pth: expected a complete PyTorch file \(tar\)"):
        read_state(path)


@pytest.mark.parametrize(
    ("size", "stride", "offset"), [(5, 1, 0), (1, 1, 4), (2, 4, 0), (2, -1, 3), (1, 1, -1), (10**9, 0, 0)]
)
def test_a_tensor_outside_its_storage_is_refused(tmp_path, size, stride, offset):
    members = tar_state_dict({"a": torch.zeros(4)})
    head = whole(number(1)) + whole(sequence(number(1000), number(0), name("torch", "FloatTensor")))
    members["tensors"] = head + struct.pack("<iiqqq", 1, 0, size, stride, offset)
    with pytest.raises(ValueError, match=r"old\.pth"):
        read_state(write_tar(tmp_path / "old.pth", members))


def test_announced_sizes_take_no_memory_before_they_are_checked(tmp_path):
    members = tar_state_dict({"a": torch.zeros(4)})
    head = whole(number(1)) + whole(sequence(number(0), text("cpu"), name("torch", "FloatStorage")))
    members["storages"] = head + struct.pack("<q", 2**40)
    with pytest.raises(ValueError, match=r"a tensor of \d+ bytes is announced where 0 are left"):
        read_state(write_tar(tmp_path / "old.pth", members))


@given(st.sampled_from(["storages", "tensors", "pickle"]), st.integers(0, 400), st.integers(0, 255))
def test_any_damaged_byte_gives_an_error_that_names_the_file_or_a_state(tmp_path_factory, member, place, value):
    members = tar_state_dict(STATE)
    raw = bytearray(members[member])
    raw[place % len(raw)] = value
    path = write_tar(tmp_path_factory.mktemp("damaged") / "old.pth", {**members, member: bytes(raw)})
    try:
        read = read_state(path)
    except ValueError as error:
        assert str(path) in str(error)  # noqa: PT017
        return
    assert read


def test_our_own_functions_cannot_be_changed_from_within(tmp_path):
    members = tar_state_dict(STATE)
    change = name("collections", "OrderedDict") + mapping({text("__doc__"): text("changed")}) + b"b"
    with pytest.raises(ValueError, match=r"old\.pth"):
        read_state(write_tar(tmp_path / "old.pth", {**members, "pickle": whole(change)}))
    assert list(read_state(write_tar(tmp_path / "old.pth", members))) == list(STATE)


def test_links_in_the_archive_are_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"x")
    with tarfile.open(tmp_path / "old.pth", "w:", format=tarfile.PAX_FORMAT) as archive:
        about = tarfile.TarInfo("storages")
        about.type, about.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(about, io.BytesIO())
    with pytest.raises(ValueError, match="'storages' is no plain file"):
        read_state(tmp_path / "old.pth")
