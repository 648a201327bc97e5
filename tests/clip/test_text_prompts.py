import pytest
import torch
from tiny_clip import tiny_clip

from wsss_core.clip.context_start import random_context, seed_of
from wsss_core.clip.text_prompts import TextPrompts, name_lengths, prompt_texts
from wsss_core.clip.tokenizer import tokenize
from wsss_core.clip.words import words_of
from wsss_core.networks.clip.prompts import PromptContext


def test_texts_of_prompts() -> None:
    assert prompt_texts(["traffic_light", ""], 3) == ["X X X traffic light.", "X X X ."]
    assert name_lengths(["traffic_light", "", "person with clothes,people,human"]) == [2, 0, 7]


def test_a_context_of_the_placeholders_own_embeddings_changes_nothing() -> None:
    clip, names = tiny_clip(), ["cat", "traffic light", ""]
    text = TextPrompts(clip, names, 4, "end")
    ids = torch.from_numpy(tokenize(prompt_texts(names, 4)))
    plain = clip.text_features(clip.token_embedding(ids), ids.argmax(dim=1))
    context = PromptContext(clip.token_embedding(ids)[0, 1:5])
    torch.testing.assert_close(text(clip, context), plain)
    assert not torch.allclose(text(clip, PromptContext(torch.zeros(4, 16))), plain)


def test_the_place_of_the_name_matters() -> None:
    clip, context = tiny_clip(), PromptContext(random_context((4, 16), 0.5, 0))
    found = [TextPrompts(clip, ["cat"], 4, position)(clip, context) for position in ("end", "middle", "front")]
    assert not torch.allclose(found[0], found[1])
    assert not torch.allclose(found[1], found[2])


def test_features_can_be_learnt_from() -> None:
    clip, context = tiny_clip(), PromptContext(random_context((2, 4, 16), 0.5, 0))
    TextPrompts(clip, ["cat", "dog"], 4, "front")(clip, context)[0].sum().backward()
    assert context.ctx.grad is not None
    assert context.ctx.grad[0].abs().max() > 0
    assert context.ctx.grad[1].abs().max() == 0


def test_random_starts_are_functions_of_their_word() -> None:
    assert seed_of("abc") == 0x9CD0D89D  # the last four bytes of the SHA-1 of FIPS 180-4
    first, second = random_context((16, 512), 0.015, seed_of("a")), random_context((16, 512), 0.015, seed_of("a"))
    assert torch.equal(first, second)
    assert not torch.equal(first, random_context((16, 512), 0.015, seed_of("b")))
    assert first.std().item() == pytest.approx(0.015, rel=0.05)
    state = torch.random.get_rng_state()
    random_context((2, 2), 1, 0)
    assert torch.equal(state, torch.random.get_rng_state())


def test_words_of_classes() -> None:
    classes = ["bird", "tv", "potted plant", "fire_hydrant", "deer"]
    assert words_of(classes, {}) == ("bird avian", "tvmonitor screen", "pottedplant", "fire hydrant", "deer")
    assert words_of(["bird", "deer"], {"deer": "roe_deer"}) == ("bird avian", "roe deer")
    with pytest.raises(ValueError, match="`words` names the class 'fox', but the data has bird, deer"):
        words_of(["bird", "deer"], {"fox": "red fox"})
