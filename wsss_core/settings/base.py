"""Base of all settings: frozen, typed, unknown keys refused with the nearest known key suggested."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import pydantic

from wsss_core.settings.paths import validation_context

MaxPixels = Annotated[int, pydantic.Field(ge=1)]
"""Most pixels of an image, or of a resized copy, that a network sees at once."""


class SettingsError(ValueError):
    """A configuration is wrong; the text says where, what was expected, what was found and what to do."""


class Settings(pydantic.BaseModel):
    """Base of every settings model."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def parse(
        cls, values: Mapping[str, object], where: str, also_known: tuple[str, ...] = (), folder: Path | None = None
    ) -> Self:
        """Settings from plain values; `where` (such as "stage 'seeds'") opens every error line; `also_known` are keys
        that belong in the same place but are read elsewhere, for suggestions; relative paths become absolute, from
        `folder`, where it is given.

        Raises `SettingsError` with one line per fault.
        """
        try:
            return cls.model_validate(dict(values), context=validation_context(folder))
        except pydantic.ValidationError as error:
            lines = [_explain(cls, dict(fault), also_known) for fault in error.errors()]
            raise SettingsError("\n".join(f"{where}: {line}" for line in lines)) from error


def nearest(word: str, known: list[str]) -> str:
    """Half a sentence that names the known word nearest to a mistyped one, or lists the known ones."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known)) or 'none'}"


def _explain(model: type[pydantic.BaseModel], fault: dict[str, Any], also_known: tuple[str, ...]) -> str:
    path = [str(step) for step in fault["loc"]]
    name = ".".join(path)
    if fault["type"] == "extra_forbidden":
        known = [*_fields_at(model, path[:-1]), *(also_known if len(path) == 1 else ())]
        return f"unknown key {name!r}; {nearest(path[-1], known)}"
    if fault["type"] == "missing":
        return f"key {name!r} is required and missing"
    return f"key {name!r}: {fault['msg'].lower()}, found {fault['input']!r}" if name else fault["msg"]


def _fields_at(model: type[pydantic.BaseModel], path: list[str]) -> list[str]:
    for step in path:
        field = model.model_fields.get(step)
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, pydantic.BaseModel)):
            return []
        model = inner
    return list(model.model_fields)
