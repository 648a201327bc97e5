"""Damaged weight files of every kind, networks of our own, and pickles that would run something."""

import io
import json
import os
import tempfile
from pathlib import Path

import pytest
import torch
from checkpoints import test_caffe_model, test_mxnet_params, test_onnx_model
from checkpoints.pickle_bytes import legacy_state_dict, tar_state_dict, write_tar
from checkpoints.test_torchscript_file import Tiny, save_script
from hostile.damage import REFUSED, damaged, tried
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from wsss_core.checkpoints.card import NetworkCard, card_to_plain
from wsss_core.checkpoints.reading import read_state
from wsss_core.checkpoints.store import CARD_NAME, CHECKSUM_KEY, read_card
from wsss_core.networks.normalisation import IMAGENET_RGB

STATE = {"conv.weight": torch.arange(24.0).reshape(2, 3, 2, 2), "conv.bias": torch.tensor([0.5, -1.5])}


def zipped(state: object) -> bytes:
    stream = io.BytesIO()
    torch.save(state, stream)
    return stream.getvalue()


def sound_files() -> dict[str, bytes]:
    """Files of all kinds that are told apart, by name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return {
            "pytorch": zipped({"state_dict": STATE, "epoch": 3}),
            "older": legacy_state_dict(STATE),
            "oldest": write_tar(folder / "old.tar", tar_state_dict(STATE)).read_bytes(),
            "torchscript": save_script(Tiny(), folder / "tiny.pt").read_bytes(),
            "mxnet": test_mxnet_params.net("v2"),
            "caffe": test_caffe_model.net("shape"),
            "onnx": test_onnx_model.two_convolutions(),
            "safetensors": save(STATE),
        }


SOUND = sound_files()
DAMAGED = st.sampled_from(sorted(SOUND)).flatmap(lambda kind: st.tuples(st.just(kind), damaged(SOUND[kind])))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.mark.parametrize("kind", SOUND)
def test_what_is_damaged_below_was_sound(folder: Path, kind: str) -> None:
    path = folder / f"net.{kind}"
    path.write_bytes(SOUND[kind])
    assert read_state(path)


@pytest.mark.filterwarnings("ignore")
@given(case=DAMAGED)
def test_a_damaged_weight_file_is_read_or_refused_with_its_name(folder: Path, case: tuple[str, bytes]) -> None:
    path = folder / f"net.{case[0]}"
    path.write_bytes(case[1])
    state = tried(lambda: read_state(path), ValueError, str(path))
    if isinstance(state, dict):
        assert all(isinstance(value, torch.Tensor) for value in state.values())


class Payload:
    """Pickled, it asks for a function to be called when it is read."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, ...]:
        return self.call


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("where", ["alone", "in the wrapper", "as a key", "as a tensor"])
def test_a_checkpoint_that_would_run_something_is_refused_unrun(tmp_path: Path, protocol: int, where: str) -> None:
    mark = tmp_path / "ran"
    payload = Payload(os.mkdir, str(mark))
    content = {
        "alone": payload,
        "in the wrapper": {"state_dict": STATE, "optimiser": payload},
        "as a key": {"state_dict": STATE, ("epoch", payload): 1},
        "as a tensor": {"state_dict": {**STATE, "conv.more": payload}},
    }[where]
    torch.save(content, tmp_path / "net.pth", pickle_protocol=protocol)
    with pytest.raises(ValueError, match=r"can run code|complete PyTorch file"):
        read_state(tmp_path / "net.pth")
    assert not mark.exists()


def card() -> NetworkCard:
    return NetworkCard("classifier", "small", ("cat", "dog"), IMAGENET_RGB)


CARD_TEXT = json.dumps({**card_to_plain(card()), CHECKSUM_KEY: "0"}, indent=2).encode()


@given(content=damaged(CARD_TEXT))
def test_a_damaged_card_is_read_or_refused(folder: Path, content: bytes) -> None:
    (folder / CARD_NAME).write_bytes(content)
    found = tried(lambda: read_card(folder), ValueError, CARD_NAME)
    assert found is REFUSED or isinstance(found, NetworkCard)


@pytest.mark.parametrize("value", [None, 3, [], "text", {"format": 1}, {"a": {"b": []}}])
def test_a_card_of_another_form_is_refused(tmp_path: Path, value: object) -> None:
    (tmp_path / CARD_NAME).write_text(json.dumps(value))
    with pytest.raises(ValueError, match=r"model\.json"):
        read_card(tmp_path)
