import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.clip.tokenizer import END, LENGTH, START, _byte_symbols, _token_numbers, encode, tokenize


def decoded(ids: list[int]) -> str:
    tokens = {number: token for token, number in _token_numbers().items()}
    bytes_of = {symbol: byte for byte, symbol in _byte_symbols().items()}
    signs = "".join(tokens[number] for number in ids).replace("</w>", " ")
    return b"".join(b" " if sign == " " else bytes([bytes_of[sign]]) for sign in signs).decode()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a photo of a cat.", [320, 1125, 539, 320, 2368, 269]),
        ("A  Photo\nof a CAT.", [320, 1125, 539, 320, 2368, 269]),
        ("X", [343]),
        ("", []),
    ],
)
def test_known_texts(text: str, ids: list[int]) -> None:
    assert encode(text) == ids


def test_vocabulary_has_the_published_size() -> None:
    numbers = _token_numbers()
    assert len(numbers) == START == END - 1
    assert list(numbers.values()) == list(range(START))
    assert (numbers["!"], numbers["a</w>"], numbers["in"]) == (0, 256 + 64, 512)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C"), exclude_characters="&"), max_size=12))
def test_tokens_spell_the_text_in_lower_case(text: str) -> None:
    assert decoded(encode(text)).replace(" ", "") == "".join(text.lower().split())


@given(st.lists(st.sampled_from(["cat", "dog", "x1", "it's", "?!"]), max_size=4))
def test_words_are_read_one_by_one(words: list[str]) -> None:
    assert encode(" ".join(words)) == [number for word in words for number in encode(word)]


def test_digits_contractions_and_entities() -> None:
    assert encode("42") == encode("4 2")
    assert encode("it's") == [*encode("it"), *encode("'s")]
    assert encode("salt &amp;amp; pepper") == encode("salt & pepper")
    assert encode("caf\u00e9") == encode("CAF\u00c9")


def test_rows_begin_and_end_and_are_filled_with_zeros() -> None:
    ids = tokenize(["cat", ""])
    assert ids.shape == (2, LENGTH)
    assert ids.dtype == np.int64
    assert ids[0].tolist() == [START, 2368, END] + [0] * 74
    assert ids[1].tolist() == [START, END] + [0] * 75


def test_a_text_that_is_too_long_is_refused() -> None:
    assert tokenize(["cat " * 75])[0, -1] == END
    with pytest.raises(ValueError, match="at most 77 tokens, found 78: 'cat cat"):
        tokenize(["cat " * 76])
