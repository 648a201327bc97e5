"""A CLIP from OpenAI's and Hugging Face's files, and what is said about others."""

import json
from pathlib import Path

import pytest
import torch
from tiny_clip import SIZE, tiny_clip, write_clip

from wsss_core.checkpoints.clip_file import load_clip
from wsss_core.checkpoints.file_names import weight_files, weights_file
from wsss_core.checkpoints.pretrained import CheckpointError
from wsss_core.networks.factory import build_classifier
from wsss_core.networks.transformers_models import model_module
from wsss_core.settings.prompts import PromptsSettings

HEADS = 2


def hugging_face(**changes: object):
    """Hugging Face's own CLIP of a size that the shapes do not show in full, random weights."""
    torch.manual_seed(0)
    shared = {"num_attention_heads": HEADS, "num_hidden_layers": 2, "hidden_act": "quick_gelu", **changes}
    configuration, modeling = model_module("clip.configuration_clip"), model_module("clip.modeling_clip")
    vision = {"hidden_size": 32, "intermediate_size": 128, "patch_size": 16, "image_size": 64}
    text = {"hidden_size": 16, "intermediate_size": 64, "vocab_size": 600, "eos_token_id": 599}
    config = configuration.CLIPConfig(
        vision_config={**vision, **shared},
        text_config={**text, **shared},
        projection_dim=8,
        attn_implementation="eager",
    )
    return modeling.CLIPModel(config).eval()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    hugging_face().save_pretrained(tmp_path / "clip")
    return tmp_path / "clip"


def test_hugging_faces_clip_gives_the_same_features_and_attention(folder: Path) -> None:
    theirs, ours = hugging_face(), load_clip(folder)
    image = torch.randn(2, 3, 64, 64)
    ids = torch.tensor([[1, 5, 7, 599, 0], [1, 9, 599, 0, 0]])
    with torch.no_grad():
        expected = theirs(input_ids=ids, pixel_values=image, output_attentions=True)
        words = ours.token_embedding(ids)
        text = ours.text_features(words, torch.tensor([3, 2]))
        tokens = ours.visual(image)
        before = ours.visual.before_last_block(image, attention_blocks=2)
    torch.testing.assert_close(text / text.norm(dim=-1, keepdim=True), expected.text_embeds, rtol=1e-4, atol=1e-5)
    of_class = tokens[:, 0] @ ours.visual.proj
    of_class = of_class / of_class.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(of_class, expected.image_embeds, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.logits(of_class, text), expected.logits_per_image, rtol=1e-4, atol=1e-4)
    attention = expected.vision_model_output.attentions[0].mean(dim=1)
    torch.testing.assert_close(before.attention[0], attention, rtol=1e-4, atol=1e-6)


def test_heads_and_activation_come_from_the_config(folder: Path) -> None:
    assert load_clip(folder).size.image_heads == HEADS
    config = json.loads((folder / "config.json").read_text())
    for part in ("vision_config", "text_config"):
        config[part]["hidden_act"] = "gelu"
    (folder / "config.json").write_text(json.dumps(config))
    assert not load_clip(folder).size.quick_gelu
    config["text_config"]["hidden_act"] = "relu"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="expected `hidden_act` quick_gelu or gelu"):
        load_clip(folder)


def test_a_folder_with_an_older_file_is_read(folder: Path) -> None:
    torch.save(hugging_face().state_dict(), folder / "pytorch_model.bin")
    assert weights_file(folder).name == "model.safetensors"
    (folder / "model.safetensors").unlink()
    assert load_clip(folder).size.text_width == 16


def test_openais_names_are_loaded_as_they_are_without_the_numbers(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.pt")
    numbers = {name: torch.tensor(224) for name in ("input_resolution", "context_length", "vocab_size")}
    torch.save({**torch.load(path), **numbers}, path)
    clip = load_clip(path)
    assert clip.size == SIZE
    assert not clip.training
    assert not any(parameter.requires_grad for parameter in clip.parameters())
    for name, value in clip.state_dict().items():
        torch.testing.assert_close(value, tiny_clip().state_dict()[name].half().float())


def changed(path: Path, **entries: torch.Tensor | None) -> Path:
    state = {**torch.load(path), **entries}
    torch.save({name: value for name, value in state.items() if value is not None}, path)
    return path


def test_a_misfit_names_the_first_entries(tmp_path: Path) -> None:
    path = changed(write_clip(tmp_path / "clip.pt"), **{"ln_final.weight": torch.ones(9), "extra": torch.ones(1)})
    with pytest.raises(CheckpointError, match=r"1 unexpected, first extra; 1 of another shape, first ln_final.weight"):
        load_clip(path)
    path = changed(write_clip(tmp_path / "clip.pt"), **{"visual.ln_post.bias": None})
    with pytest.raises(CheckpointError, match=r"1 missing, first visual\.ln_post\.bias"):
        load_clip(path)
    path = changed(write_clip(tmp_path / "clip.pt"), text_projection=None)
    with pytest.raises(CheckpointError, match="a CLIP without 'text_projection'"):
        load_clip(path)


def test_another_network_is_named(tmp_path: Path) -> None:
    torch.save(build_classifier("small", 3).state_dict(), tmp_path / "small.pt")
    with pytest.raises(CheckpointError, match=r"expected a CLIP .*, found own names, weights of small"):
        load_clip(tmp_path / "small.pt")
    torch.save({"a.b": torch.ones(1)}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"found entries such as a\.b"):
        load_clip(tmp_path / "a.pt")
    path = changed(write_clip(tmp_path / "clip.pt"), **{"visual.layer1.0.conv1.weight": torch.ones(1)})
    with pytest.raises(CheckpointError, match="found a CLIP with a ResNet"):
        load_clip(path)
    with pytest.raises(FileNotFoundError, match="no such weights file"):
        load_clip(tmp_path / "none.pt")


def test_an_incomplete_attention_and_a_strange_config_are_refused(folder: Path) -> None:
    state = hugging_face().state_dict()
    del state["text_model.encoder.layers.0.self_attn.k_proj.bias"]
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"expected 'text_model.encoder.layers.0.self_attn.k_proj.bias' beside"):
        load_clip(folder)
    torch.save(hugging_face().state_dict(), folder / "pytorch_model.bin")
    (folder / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="expected the config of a CLIP"):
        load_clip(folder)


def test_files_of_weights_in_settings(tmp_path: Path) -> None:
    settings = PromptsSettings(clip_weights=tmp_path, weights=tmp_path / "ctx.pth")
    assert weight_files(settings) == [tmp_path / "ctx.pth", tmp_path / "model.safetensors"]
    assert weight_files(object()) == []
