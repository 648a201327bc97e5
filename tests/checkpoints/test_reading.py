import pytest
import torch
from safetensors.torch import save_file

from wsss_core.checkpoints.reading import read_state


class Home:
    """An object that a restricted reader must refuse."""


STATE = {"a.weight": torch.arange(4.0).reshape(2, 2), "a.num_batches_tracked": torch.tensor(3)}


@pytest.mark.parametrize("wrapper", [None, "state_dict", "model_state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_wrappers_and_parallel_prefixes_are_removed(tmp_path, wrapper, prefix):
    state = {prefix + name: value for name, value in STATE.items()}
    torch.save({wrapper: state, "epoch": 3} if wrapper else state, tmp_path / "x.pth")
    read = read_state(tmp_path / "x.pth")
    assert set(read) == set(STATE)
    assert torch.equal(read["a.weight"], STATE["a.weight"])


def test_prefix_of_a_single_real_module_is_kept(tmp_path):
    torch.save({"module.a": torch.zeros(1), "b": torch.zeros(1)}, tmp_path / "x.pth")
    assert set(read_state(tmp_path / "x.pth")) == {"module.a", "b"}


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_half_precision_becomes_float32_and_counters_stay_whole(tmp_path, kind):
    state = {name: value.half() if value.is_floating_point() else value for name, value in STATE.items()}
    path = tmp_path / ("x.safetensors" if kind == "safetensors" else "x.pth")
    if kind == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
    read = read_state(path)
    assert read["a.weight"].dtype == torch.float32
    assert read["a.num_batches_tracked"].dtype == torch.int64
    assert torch.equal(read["a.weight"], STATE["a.weight"])


def test_pickle_with_other_objects_is_refused_with_the_remedy(tmp_path):
    torch.save({"a": Home()}, tmp_path / "x.pth")
    with pytest.raises(
        ValueError, match=r"x\.pth: expected a PyTorch state dict of tensors only.*save the state dict alone"
    ):
        read_state(tmp_path / "x.pth")


@pytest.mark.parametrize("name", ["x.pth", "x.safetensors"])
@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x80\x02"])
def test_broken_file_is_refused_with_its_path(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=name.replace(".", r"\.")):
        read_state(tmp_path / name)


def test_missing_file_is_refused_with_its_path(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"x\.pth: no such weights file"):
        read_state(tmp_path / "x.pth")


@pytest.mark.parametrize(("content", "found"), [([1, 2], "list"), ({"epoch": 3}, "epoch")])
def test_file_without_tensors_is_refused_with_what_it_holds(tmp_path, content, found):
    torch.save(content, tmp_path / "x.pth")
    with pytest.raises(ValueError, match=found):
        read_state(tmp_path / "x.pth")
