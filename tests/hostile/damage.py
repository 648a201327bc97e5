"""Files as accidents and enemies make them: sound ones with bytes changed, cut out, repeated or added.

`python -m pytest tests/hostile --hypothesis-profile fuzz` tries fifty times as many.
"""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

EXTREMES = tuple(
    value.to_bytes(width, order)
    for width in (2, 4, 8)
    for order in ("little", "big")
    for value in (0, 1, 2 ** (8 * width) - 1, 2 ** (8 * width - 1), 2 ** (8 * width - 1) - 1)
)
"""Numbers that lengths and sizes are not expected to be."""

Edit = Callable[[bytes], bytes]
T = TypeVar("T")
Kinds = type[Exception] | tuple[type[Exception], ...]


def _flip(share: float, bit: int) -> Edit:
    def edit(data: bytes) -> bytes:
        place = int(share * len(data))
        return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]

    return edit


def _replace(share: float, piece: bytes) -> Edit:
    return lambda data: data[: (place := int(share * len(data)))] + piece + data[place + len(piece) :]


def _insert(share: float, piece: bytes) -> Edit:
    return lambda data: data[: (place := int(share * len(data)))] + piece + data[place:]


def _cut(share: float, length: int) -> Edit:
    return lambda data: data[: (place := int(share * len(data)))] + data[place + length :]


def _repeat(share: float, length: int) -> Edit:
    return lambda data: data[: (place := int(share * len(data))) + length] + data[place:]


def _end(share: float) -> Edit:
    return lambda data: data[: int(share * len(data))]


_SHARES = st.floats(0, 1, exclude_max=True)
_LENGTHS = st.integers(1, 300)
EDITS = st.one_of(
    st.builds(_flip, _SHARES, st.integers(0, 7)),
    st.builds(_replace, _SHARES, st.sampled_from(EXTREMES)),
    st.builds(_replace, _SHARES, st.binary(min_size=1, max_size=8)),
    st.builds(_insert, _SHARES, st.binary(min_size=1, max_size=40)),
    st.builds(_cut, _SHARES, _LENGTHS),
    st.builds(_repeat, _SHARES, _LENGTHS),
    st.builds(_end, _SHARES),
)


def damaged(*sound: bytes) -> st.SearchStrategy[bytes]:
    """One of the `sound` contents after one to six edits."""

    def apply(content: bytes, edits: list[Edit]) -> bytes:
        for edit in edits:
            content = edit(content) if content else content
        return content

    return st.builds(apply, st.sampled_from(sound), st.lists(EDITS, min_size=1, max_size=6))


REFUSED = object()


def tried(read: Callable[[], T], refusal: Kinds, *places: str) -> T | object:
    """What `read` gives; `REFUSED` where it raises a `refusal` whose text has one of `places`. Else the test fails."""
    try:
        return read()
    except refusal as error:
        said = str(error)
    assert any(place in said for place in places), f"the place is not told: {said}"
    return REFUSED
