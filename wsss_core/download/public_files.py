"""The list of public weight and data files: where each comes from, where it belongs, how it is checked."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Annotated

import pydantic
import yaml

from wsss_core.settings.base import SettingsError, nearest

LIST_NAME = "public_files.yaml"
Digits = Annotated[str, pydantic.Field(pattern=r"^[0-9a-f]+$")]


class PublicFile(pydantic.BaseModel):
    """One file. `path`: below the checkout, as the configurations name it. `urls`: mirrors; none where only people can
    get it, at `page`. `size` in bytes, `sha256` (or its first digits) and `md5` where somebody publishes them.
    `unpack`: folder in the archive -> folder on disk. `needed_by`: systems and experiments."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    about: str
    path: str
    page: str
    licence: str
    urls: tuple[str, ...] = ()
    size: int | None = None
    sha256: Digits | None = None
    md5: Digits | None = None
    unpack: dict[str, str] = pydantic.Field(default_factory=dict)
    needed_by: tuple[str, ...] = ()


@cache
def public_files() -> Mapping[str, PublicFile]:
    """All files by name, in the order of the list."""
    text = (files("wsss_core.download") / LIST_NAME).read_text(encoding="utf-8")
    # `!!str` for digits that YAML would take for a number, such as 6580f57d or 01ec64
    plain = re.sub(r"^(\s+(?:sha256|md5): )([0-9a-f]+)", r'\1"\2"', text, flags=re.MULTILINE)
    return {name: PublicFile.model_validate(values) for name, values in yaml.safe_load(plain).items()}


def choose(words: Sequence[str]) -> dict[str, PublicFile]:
    """Files that `words` name: by their own name, or all that a system or experiment needs. Raises `SettingsError`."""
    known = public_files()
    needs = {need for file in known.values() for need in file.needed_by}
    chosen: dict[str, PublicFile] = {}
    for word in words:
        if word in known:
            chosen[word] = known[word]
        elif word in needs:
            chosen |= {name: file for name, file in known.items() if word in file.needed_by}
        else:
            raise SettingsError(f"there is no public file or system {word!r}; {nearest(word, [*known, *needs])}")
    return chosen


def fetched_to(path: Path) -> str | None:
    """Name of the public file that lies, or is unpacked, at `path` (relative to the checkout); None when none does."""
    wanted = PurePosixPath(path.as_posix())
    for name, file in public_files().items():
        if wanted in map(PurePosixPath, (file.path, *file.unpack.values())):
            return name
    return None
