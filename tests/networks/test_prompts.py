import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.networks.clip.prompts import PromptContext, arrangement

LENGTHS = st.lists(st.integers(0, 5), min_size=1, max_size=4)
POSITIONS = st.sampled_from(["end", "middle", "front"])
LENGTH = 20


@given(LENGTHS, st.integers(1, 9), POSITIONS)
def test_every_token_keeps_its_order_among_context_and_name(lengths, words, position):
    order_GL = arrangement(lengths, words, position, LENGTH)
    assert order_GL.sort(dim=1).values.tolist() == [list(range(LENGTH))] * len(lengths)
    for row, length in zip(order_GL.tolist(), lengths, strict=True):
        behind = 1 + words + length
        assert row[0] == 0
        assert row[behind:] == list(range(behind, LENGTH))
        context = [token for token in row if 1 <= token <= words]
        name = [token for token in row if words < token < behind]
        assert context == sorted(context)
        assert name == sorted(name)
        if name:
            before = {"end": words, "middle": words // 2, "front": 0}[position]
            assert row.index(name[0]) == 1 + before
            assert row.index(name[-1]) == before + length


def test_a_known_arrangement():
    assert arrangement([2, 0], 3, "middle", 9).tolist() == [[0, 1, 4, 5, 2, 3, 6, 7, 8], list(range(9))]
    assert arrangement([2], 3, "front", 9).tolist() == [[0, 4, 5, 1, 2, 3, 6, 7, 8]]
    assert arrangement([2], 3, "end", 9).tolist() == [list(range(9))]


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match=r"16 learnt words and a name of 2 tokens do not fit into 20 tokens"):
        arrangement([1, 2], 16, "end", 20)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_learnt_words_take_the_places_of_the_placeholders(shape):
    context = PromptContext(torch.arange(3 * 4 * (2 if len(shape) == 3 else 1)).reshape(shape) + 100)
    placeholder = torch.randn(2, 9, 4)
    order = arrangement([2, 1], 3, "middle", 9)
    found = context(placeholder, order)
    each = context.ctx.expand(2, 3, 4)
    torch.testing.assert_close(found[:, 1], each[:, 0])
    torch.testing.assert_close(found[0, 4:6], each[0, 1:])
    torch.testing.assert_close(found[0, 2:4], placeholder[0, 4:6])
    torch.testing.assert_close(found[:, 7:], placeholder[:, 7:])
    found.sum().backward()
    assert context.ctx.grad.unique().tolist() == [1.0 if len(shape) == 3 else 2.0]


def test_a_context_for_other_prompts_or_another_network_is_refused():
    order = arrangement([1, 1], 3, "end", 9)
    for shape in ((3, 5), (4, 3, 4)):
        with pytest.raises(ValueError, match=r"expected a context \(3, 4\) or \(2, 3, 4\) for 2 prompts"):
            PromptContext(torch.zeros(shape))(torch.zeros(2, 9, 4), order)
    for shape in ((3,), (0, 4)):
        with pytest.raises(ValueError, match=r"expected a context \(M, D\) or \(G, M, D\)"):
            PromptContext(torch.zeros(shape))
