"""Files of PyTorch 0.1.7 to 1.5 (pickles in a row), as programs of the time wrote them, and what they may not do."""

import os
from pathlib import Path

import pytest
import torch
from checkpoints.pickle_bytes import (
    call,
    kept_outside,
    legacy_bytes,
    legacy_state_dict,
    mapping,
    name,
    number,
    plain,
    sequence,
    state_dict,
    storage_bytes,
    tensor_in_storage,
    text,
    whole,
)
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.checkpoints.reading import read_state

STATE = {
    "conv.weight": torch.arange(24.0).reshape(2, 3, 2, 2),
    "bn.num_batches_tracked": torch.tensor(7),
    "conv.bias": torch.tensor([0.5, -1.5]),
}


def written(tmp_path: Path, content: bytes) -> Path:
    (tmp_path / "net.pth").write_bytes(content)
    return tmp_path / "net.pth"


@pytest.mark.parametrize("python2", [False, True])
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("device", ["cpu", "cuda:0", "cuda:3"])
def test_state_dicts_of_every_age_and_device_are_read_to_the_cpu(tmp_path, device, version, python2):
    read = read_state(written(tmp_path, legacy_state_dict(STATE, device, version, python2)))
    assert list(read) == list(STATE)
    assert all(torch.equal(read[entry], tensor) for entry, tensor in STATE.items())
    assert {tensor.device.type for tensor in read.values()} == {"cpu"}


def test_parts_of_one_storage_stay_parts(tmp_path):
    whole_one = torch.arange(6.0)
    torch.save({"a": whole_one[:3], "b": whole_one[2:]}, tmp_path / "x.pth", _use_new_zipfile_serialization=False)
    read = read_state(tmp_path / "x.pth")
    assert read["a"].tolist() == [0, 1, 2]
    assert read["b"].tolist() == [2, 3, 4, 5]


def test_views_of_storages_as_the_oldest_files_have_them(tmp_path):
    tensor = torch.arange(6.0)
    view = sequence(text("view"), number(2), number(4))
    pid = sequence(text("storage"), name("torch", "FloatStorage"), text("1"), text("cpu"), number(6), view)
    part = call(name("torch._utils", "_rebuild_tensor"), kept_outside(pid), number(1), plain((3,)), plain((1,)))
    path = written(tmp_path, legacy_bytes(mapping({text("a"): part}), ["1"], storage_bytes(tensor)))
    assert read_state(path)["a"].tolist() == [3, 4, 5]


def test_parameters_and_wrappers_are_opened(tmp_path):
    inner = tensor_in_storage(STATE["conv.bias"], "1", "cuda:0", 2, False)
    parameter = call(name("torch._utils", "_rebuild_parameter"), inner, b"\x88", plain({}))
    content = mapping({text("state_dict"): state_dict({"module.a": parameter}), text("epoch"): number(15)})
    path = written(tmp_path, legacy_bytes(content, ["1"], storage_bytes(STATE["conv.bias"])))
    assert read_state(path)["a"].tolist() == [0.5, -1.5]


class TestHostileFiles:
    @pytest.mark.parametrize(
        ("module", "attribute"),
        [
            *(("os", "system"), ("posix", "system"), ("builtins", "eval"), ("__builtin__", "getattr")),
            *(("torch", "load"), ("torch.hub", "load"), ("numpy", "ndarray"), ("torch._utils", "os.system")),
        ],
    )
    def test_other_functions_are_refused_by_name_before_they_are_called(self, tmp_path, module, attribute):
        mark = tmp_path / "called"
        attack = call(name(module, attribute), text(f"touch {mark}"))
        path = written(tmp_path, legacy_bytes(attack, [], b""))
        with pytest.raises(ValueError, match=rf"net\.pth: .*found ({module}\.)?{attribute}; .*can run code"):
            read_state(path)
        assert not mark.exists()

    def test_a_pickle_in_front_of_the_content_is_no_way_in(self, tmp_path):
        attack = whole(call(name("os", "system"), text("true")))
        with pytest.raises(ValueError, match=r"found os\.system"):
            read_state(written(tmp_path, attack))

    def test_classes_cannot_be_named_through_their_instances(self, tmp_path):
        attack = call(name("collections", "OrderedDict.fromkeys"), plain(["a"]))
        with pytest.raises(ValueError, match=r"found collections\.OrderedDict\.fromkeys"):
            read_state(written(tmp_path, legacy_bytes(attack, [], b"")))

    def test_our_own_functions_cannot_be_changed_from_within(self, tmp_path):
        change = name("torch._utils", "_rebuild_tensor_v2") + mapping({text("__doc__"): text("changed")}) + b"b"
        path = written(tmp_path, legacy_bytes(change, [], b""))
        with pytest.raises(ValueError, match=r"net\.pth"):
            read_state(path)
        good = read_state(written(tmp_path, legacy_state_dict(STATE)))
        assert torch.equal(good["conv.bias"], STATE["conv.bias"])

    @pytest.mark.parametrize(
        ("size", "stride", "offset"),
        [
            ((7,), (1,), 0),
            ((2,), (1,), 5),
            ((2, 2), (4, 2), 0),
            ((2,), (-1,), 3),
            ((2,), (1,), -1),
        ],
    )
    def test_a_tensor_outside_its_storage_is_refused(self, tmp_path, size, stride, offset):
        pid = sequence(text("storage"), name("torch", "FloatStorage"), text("1"), text("cpu"), number(6), b"N")
        arguments = (kept_outside(pid), number(offset), plain(size), plain(stride))
        outside = call(name("torch._utils", "_rebuild_tensor"), *arguments)
        path = written(tmp_path, legacy_bytes(mapping({text("a"): outside}), ["1"], storage_bytes(torch.zeros(6))))
        with pytest.raises(ValueError, match=r"net\.pth: expected a complete PyTorch file"):
            read_state(path)

    @pytest.mark.parametrize("count", [2**50, -1])
    def test_a_storage_of_an_impossible_size_is_refused(self, tmp_path, count):
        pid = sequence(text("storage"), name("torch", "FloatStorage"), text("1"), text("cpu"), number(count), b"N")
        path = written(tmp_path, legacy_bytes(kept_outside(pid), ["1"], b""))
        with pytest.raises(ValueError, match=r"net\.pth: expected a complete PyTorch file"):
            read_state(path)

    @pytest.mark.filterwarnings("ignore:Detected pickle protocol")
    @given(st.integers(0, 600), st.integers(0, 255))
    def test_any_damaged_byte_gives_an_error_that_names_the_file_or_a_state(self, tmp_path_factory, place, value):
        raw = bytearray(legacy_state_dict(STATE))
        raw[place % len(raw)] = value
        path = written(tmp_path_factory.mktemp("damaged"), bytes(raw))
        try:
            read = read_state(path)
        except ValueError as error:
            assert str(path) in str(error)  # noqa: PT017
            return
        assert read


class TestDamagedFiles:
    @pytest.mark.parametrize("cut", [1, 5, 9, 40, 200])
    def test_a_file_that_ends_early_is_named(self, tmp_path, cut):
        path = written(tmp_path, legacy_state_dict(STATE)[:-cut])
        with pytest.raises(ValueError, match=r"net\.pth: expected a complete PyTorch file.*Fetch the file again"):
            read_state(path)

    def test_a_pickle_of_another_program_is_named(self, tmp_path):
        with pytest.raises(ValueError, match=r"net\.pth: .*found: Invalid magic number"):
            read_state(written(tmp_path, whole(plain({"a": 1}))))

    def test_another_version_is_named(self, tmp_path):
        with pytest.raises(ValueError, match="Invalid protocol version: 7"):
            read_state(written(tmp_path, whole(plain(0x1950A86A20F9469CFC6C)) + whole(plain(7))))

    def test_storages_must_be_those_of_the_tensors(self, tmp_path):
        content = mapping({text("a"): tensor_in_storage(torch.zeros(2), "1", "cpu", 2, False)})
        with pytest.raises(ValueError, match="storage key '2' not found"):
            read_state(written(tmp_path, legacy_bytes(content, ["2"], storage_bytes(torch.zeros(2)))))
        with pytest.raises(ValueError, match=r"net\.pth: expected a complete PyTorch file"):
            read_state(written(tmp_path, legacy_bytes(content, ["1"], storage_bytes(torch.zeros(3)))))

    def test_an_object_outside_that_is_no_storage_is_named(self, tmp_path):
        with pytest.raises(ValueError, match="found: Only persistent_load of storage is allowed"):
            read_state(written(tmp_path, legacy_bytes(kept_outside(plain(("module", "Net"))), [], b"")))
        assert os.listdir(tmp_path) == ["net.pth"]
