"""Values out of the JSON of labelling tools, checked to be of the type that their form demands."""

from collections.abc import Mapping
from typing import TypeVar

from wsss_core.exchange.errors import ForeignFileError

ValueT = TypeVar("ValueT")
_SHOWN_LETTERS = 60


def field(values: object, key: str, kind: type[ValueT] | tuple[type[ValueT], ...], where: str) -> ValueT:
    """`values[key]`. Raises `ForeignFileError` where it is missing or of another type."""
    found = values.get(key) if isinstance(values, Mapping) else None
    if not isinstance(found, kind) or isinstance(found, bool):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        raise ForeignFileError(
            f"{where}: expected {key!r} to be {' or '.join(one.__name__ for one in kinds)}, found "
            f"{str(found)[:_SHOWN_LETTERS]!r}. To do: export the annotations again."
        )
    return found


def number(values: object, key: str, where: str) -> float:
    """`values[key]` as a number. Raises `ForeignFileError`."""
    return float(field(values, key, (int, float), where))
