"""Paths in experiment files, and what a relative one is relative to.

In a file inside a checkout it is relative to the checkout, where the workflow runs, and stays relative, so that a
checkout may move without a rerun. In a file elsewhere it is relative to the file's own folder, and becomes absolute.
`~` is the home folder in both.
"""

from pathlib import Path
from typing import Annotated, TypeVar

import pydantic

WORKFLOW_FILE = "Snakefile"
_CONTEXT_KEY = "paths_relative_to"

Place = TypeVar("Place", str, Path)


def relative_to(config_folder: Path) -> Path | None:
    """What relative paths of experiment files in `config_folder` are relative to; None: to the checkout, as written."""
    folder = config_folder.resolve()
    in_checkout = any((above / WORKFLOW_FILE).is_file() for above in (folder, *folder.parents))
    return None if in_checkout else folder


def validation_context(folder: Path | None) -> dict[str, Path | None]:
    """For pydantic: makes fields of the types below absolute, from `folder`; with None they stay as they are."""
    return {_CONTEXT_KEY: folder}


def _from_folder(value: Place, info: pydantic.ValidationInfo) -> Place:
    folder = (info.context or {}).get(_CONTEXT_KEY)
    if str(value).startswith("~"):
        return type(value)(Path(value).expanduser())
    return value if folder is None else type(value)(folder / value)


InputPath = Annotated[str, pydantic.AfterValidator(_from_folder)]
"""A file or folder that a stage reads."""
WeightsPath = Annotated[Path, pydantic.AfterValidator(_from_folder)]
"""A file of weights, or the folder of a trained network."""


def where_it_leads(path: Path) -> str:
    """A path for an error message; a relative one with the absolute path that was tried, and why it was that one."""
    if path.is_absolute():
        return str(path)
    return f"{path} (that is {path.absolute()}: paths in a file inside the checkout start from the checkout)"
