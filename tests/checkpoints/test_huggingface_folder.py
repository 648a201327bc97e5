import json

import pytest
import torch
from safetensors.torch import save_file

from wsss_core.checkpoints.huggingface_folder import read_weights

STATE = {"a": torch.ones(2), "b": torch.zeros(3)}


def write_pieces(folder, weight_map: object) -> None:
    for name, value in STATE.items():
        save_file({name: value}, folder / f"{name}.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


@pytest.mark.parametrize("kind", ["file", "safetensors", "bin", "pieces"])
def test_weights_are_found_in_every_form(tmp_path, kind):
    if kind == "pieces":
        write_pieces(tmp_path, {"a": "a.safetensors", "b": "b.safetensors"})
    elif kind == "bin":
        torch.save(STATE, tmp_path / "pytorch_model.bin")
    else:
        save_file(STATE, tmp_path / "model.safetensors")
    state = read_weights(tmp_path / "model.safetensors" if kind == "file" else tmp_path)
    torch.testing.assert_close(state, STATE)


def test_a_folder_without_weights_is_an_error(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match=r"expected model\.safetensors, .* in this folder, found none"):
        read_weights(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"weight_map": []}'])
def test_a_damaged_index_is_an_error(tmp_path, content):
    (tmp_path / "model.safetensors.index.json").write_text(content)
    with pytest.raises(ValueError, match="expected an index with `weight_map`"):
        read_weights(tmp_path)


def test_an_index_that_leads_elsewhere_is_refused(tmp_path):
    write_pieces(tmp_path, {"a": "../a.safetensors"})
    with pytest.raises(ValueError, match=r"expected names of files beside it, found '\.\./a\.safetensors'"):
        read_weights(tmp_path)


def test_a_missing_piece_is_named(tmp_path):
    write_pieces(tmp_path, {"a": "a.safetensors", "c": "c.safetensors"})
    with pytest.raises(FileNotFoundError, match=r"c\.safetensors"):
        read_weights(tmp_path)
