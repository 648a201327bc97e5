"""CLIP's tokenizer: text to numbers of pieces of words (byte-level BPE; Sennrich et al., ACL 2016).

`merges.txt.gz` holds the 48,894 merges of OpenAI's published vocabulary (`bpe_simple_vocab_16e6.txt.gz`, MIT licence)
that CLIP uses, one a line.
"""

import gzip
import html
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

MERGES = Path(__file__).with_name("merges.txt.gz")
START, END, PADDING = 49406, 49407, 0
LENGTH = 77
WORD_END = "</w>"
_CONTRACTION = re.compile(r"'(?:s|t|re|ve|m|ll|d)")
_PRINTABLE = (range(ord("!"), ord("~") + 1), range(ord("¡"), ord("¬") + 1), range(ord("®"), ord("ÿ") + 1))


def encode(text: str) -> list[int]:
    """Token numbers of a text, without start and end. White space and case do not matter; HTML entities are read."""
    numbers, symbols = _token_numbers(), _byte_symbols()
    found = []
    for word in _words(_cleaned(text)):
        found += [numbers[piece] for piece in _pieces("".join(symbols[byte] for byte in word.encode()))]
    return found


def tokenize(texts: Sequence[str], length: int = LENGTH) -> np.ndarray:
    """Token numbers int64 (G, length) of texts: start, text, end, then 0. Raises `ValueError` for a text too long."""
    ids_GL = np.full((len(texts), length), PADDING, np.int64)
    for row, text in zip(ids_GL, texts, strict=True):
        tokens = [START, *encode(text), END]
        if len(tokens) > length:
            raise ValueError(f"expected a text of at most {length} tokens, found {len(tokens)}: {text!r}; shorten it")
        row[: len(tokens)] = tokens
    return ids_GL


def _cleaned(text: str) -> str:
    return " ".join(html.unescape(html.unescape(text)).split()).lower()


def _words(text: str) -> Iterator[str]:
    """The pieces between which no merge goes: English contractions, letters, single digits, other signs."""
    start = 0
    while start < len(text):
        kind = _kind(text[start])
        if contraction := _CONTRACTION.match(text, start):
            end = contraction.end()
        else:
            end = start + 1
            while kind != "N" and end < len(text) and _kind(text[end]) == kind:
                end += 1
        if kind != "Z":
            yield text[start:end]
        start = end


def _kind(sign: str) -> str:
    """L(etter), N(umber), Z for a blank, or another sign."""
    if sign.isspace():
        return "Z"
    category = unicodedata.category(sign)[0]
    return category if category in "LN" else "S"


@cache
def _byte_symbols() -> dict[int, str]:
    """A visible sign for each byte: itself where it is one, else one behind the first 256."""
    visible = [byte for signs in _PRINTABLE for byte in signs]
    hidden = [byte for byte in range(256) if byte not in set(visible)]
    signs = [chr(byte) for byte in visible] + [chr(256 + place) for place in range(len(hidden))]
    return dict(zip(visible + hidden, signs, strict=True))


@cache
def _merge_ranks() -> dict[tuple[str, str], int]:
    lines = gzip.decompress(MERGES.read_bytes()).decode().splitlines()
    return {(left, right): rank for rank, (left, right) in enumerate(line.split(" ") for line in lines)}


@cache
def _token_numbers() -> dict[str, int]:
    single = list(_byte_symbols().values())
    merged = [left + right for left, right in _merge_ranks()]
    tokens = [*single, *(sign + WORD_END for sign in single), *merged]
    return {token: number for number, token in enumerate(tokens)}


@cache
def _pieces(word: str) -> tuple[str, ...]:
    """A word in byte symbols, cut into the tokens that the merges leave."""
    ranks = _merge_ranks()
    parts = [*word[:-1], word[-1] + WORD_END]
    while len(parts) > 1:
        best = min(itertools.pairwise(parts), key=lambda pair: ranks.get(pair, len(ranks)))
        if best not in ranks:
            break
        parts = _merged(parts, best)
    return tuple(parts)


def _merged(parts: list[str], pair: tuple[str, str]) -> list[str]:
    """Every place of the pair joined, from left to right."""
    joined, place = [], 0
    while place < len(parts):
        fits = tuple(parts[place : place + 2]) == pair
        joined.append("".join(pair) if fits else parts[place])
        place += 2 if fits else 1
    return joined
