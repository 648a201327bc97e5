import json

import pytest
import torch

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.file_names import CARD_NAME, WEIGHTS_NAME
from wsss_core.checkpoints.store import load_network, read_card, save_network, save_weights
from wsss_core.networks.normalisation import IMAGENET_RGB

CARD = NetworkCard(
    role="classifier",
    backbone="small",
    classes=("cat", "größe"),
    normalisation=IMAGENET_RGB,
    trained_on={"dataset": "toy", "steps": 3},
)
SEGMENTER = NetworkCard(
    role="segmenter", backbone="small", architecture="deeplab_v1", classes=("cat",), normalisation=IMAGENET_RGB
)


def saved(folder, card=CARD, seed=0):
    torch.manual_seed(seed)
    network = card.build()
    save_network(folder, card, network.state_dict())
    return network.eval()


@pytest.mark.parametrize("card", [CARD, SEGMENTER], ids=lambda card: card.role)
def test_loaded_network_gives_equal_outputs_in_evaluation_mode(tmp_path, card):
    network = saved(tmp_path, card)
    loaded, read = load_network(tmp_path)
    image = torch.randn(1, 3, 16, 24)
    with torch.no_grad():
        torch.testing.assert_close(loaded(image), network(image), rtol=0, atol=0)
    assert not loaded.training
    assert (read.role, read.classes, read.trained_on) == (card.role, card.classes, card.trained_on)
    assert loaded.normalisation == card.normalisation


def test_equal_networks_give_equal_bytes_whatever_the_order_of_the_state(tmp_path):
    network = saved(tmp_path / "a")
    save_network(tmp_path / "b", CARD, dict(reversed(network.state_dict().items())))
    for name in (WEIGHTS_NAME, CARD_NAME):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_saving_again_replaces_the_network_and_leaves_no_other_file(tmp_path):
    saved(tmp_path, seed=0)
    second = saved(tmp_path, seed=1)
    loaded, _ = load_network(tmp_path)
    assert torch.equal(loaded.fc8.weight, second.fc8.weight)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([WEIGHTS_NAME, CARD_NAME])


def test_card_alone_can_be_read(tmp_path):
    saved(tmp_path)
    (tmp_path / WEIGHTS_NAME).unlink()
    assert read_card(tmp_path).classes == CARD.classes


def test_empty_folder_is_refused_with_the_stage_to_run(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"model\.json: no trained network here; run the training stage"):
        load_network(tmp_path)


def test_card_without_weights_is_refused(tmp_path):
    saved(tmp_path)
    (tmp_path / WEIGHTS_NAME).unlink()
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors: a network card without its weights"):
        load_network(tmp_path)


def test_weights_of_another_save_are_refused(tmp_path):
    saved(tmp_path / "a", seed=0)
    saved(tmp_path / "b", seed=1)
    (tmp_path / "b" / WEIGHTS_NAME).replace(tmp_path / "a" / WEIGHTS_NAME)
    with pytest.raises(ValueError, match=r"not the weights that model\.json was written with"):
        load_network(tmp_path / "a")


def test_card_of_another_network_is_refused_with_the_file(tmp_path):
    torch.manual_seed(0)
    save_network(tmp_path, SEGMENTER, CARD.build().state_dict())
    with pytest.raises(ValueError, match=r"model\.safetensors: the weights do not fit the segmenter on small"):
        load_network(tmp_path)


@pytest.mark.parametrize("text", ["not json", "[]", "{}", '{"format": 1}'])
def test_unreadable_card_is_refused_with_the_file(tmp_path, text):
    (tmp_path / CARD_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"model\.json"):
        load_network(tmp_path)


def test_card_is_readable_json_with_the_real_class_names(tmp_path):
    saved(tmp_path)
    plain = json.loads((tmp_path / CARD_NAME).read_text(encoding="utf-8"))
    assert plain["classes"] == ["cat", "größe"]
    assert "größe" in (tmp_path / CARD_NAME).read_text(encoding="utf-8")


def test_a_full_disk_is_told_as_one(tmp_path, monkeypatch):
    def full(tensors, path):
        raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("wsss_core.checkpoints.store.save_file", full)
    with pytest.raises(ArtifactError, match=r"model\.safetensors: No space left.*free some space"):
        save_weights(tmp_path, {}, {"weight": torch.zeros(1)})
    assert list(tmp_path.iterdir()) == []


def test_another_error_while_saving_stays_what_it_is(tmp_path, monkeypatch):
    def broken(tensors, path):
        raise RuntimeError("some tensors share memory")

    monkeypatch.setattr("wsss_core.checkpoints.store.save_file", broken)
    with pytest.raises(RuntimeError, match="share memory"):
        save_weights(tmp_path, {}, {"weight": torch.zeros(1)})
