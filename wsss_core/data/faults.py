"""Errors about data sets."""

from collections.abc import Sequence

_SHOWN = 5


class DataError(ValueError):
    """A data set cannot be used as configured; the text says what was expected, what was found, where, what to do."""


def join_faults(what: str, faults: Sequence[str], remedy: str) -> DataError:
    """One error for many faults: their number, the first few, and what to do."""
    lines = [f"{len(faults)} {what}" + (f" (the first {_SHOWN})" if len(faults) > _SHOWN else "") + ":"]
    lines += [f"  {fault}" for fault in faults[:_SHOWN]]
    return DataError("\n".join([*lines, f"To do: {remedy}."]))
