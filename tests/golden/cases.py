"""Recorded cases of the original systems: which there are, what kind each is, where its files lie."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

OWN_DATA = Path(__file__).parent / "data"
SHARED_DATA = Path(__file__).parents[3] / "shared" / "golden"
SYSTEMS = ("psa", "eps", "fma", "wsfcn", "spml")


@dataclass(frozen=True)
class Case:
    """One entry of a `cases.json`: `spec` is the entry, `folder` holds its arrays."""

    system: str
    name: str
    folder: Path
    spec: Mapping[str, Any]
    siblings: Mapping[str, Mapping[str, Any]]

    @property
    def title(self) -> str:
        """Name in test reports."""
        return f"{self.system}/{self.name}"

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """The recorded arrays by name."""
        return load_arrays(self.folder / self.spec.get("file", f"{self.name}.npz"))

    def limit(self, usual: float, allowed: float) -> float:
        """The tolerance of one of its arrays: `usual` for recordings that this project knows, which is closer than what
        the case says; `allowed`, as the case says, for any other, of sizes that nobody has tried."""
        known = any(self.folder.is_relative_to(folder) for folder in (OWN_DATA, SHARED_DATA))
        return usual if known else allowed

    def meaning(self, array: str) -> str:
        """What the case says about one of its arrays."""
        arrays = self.spec.get("arrays") or self.spec["outputs"]
        return arrays[array].get("meaning") or ""

    def arrays_of(self, name: str) -> dict[str, np.ndarray]:
        """The recorded arrays of another case of the same set."""
        if name not in self.siblings:
            raise KeyError(f"{self.title} needs the arrays of {name!r}, which is not in {self.folder}/cases.json")
        return load_arrays(self.folder / self.siblings[name].get("file", f"{name}.npz"))

    def side_file(self, file: str) -> Path:
        """A layout or parameter-group file: in the case's folder, otherwise in the project's own copy."""
        places = [self.folder / file, OWN_DATA / self.system / file]
        for place in places:
            if place.is_file():
                return place
        raise FileNotFoundError(f"{self.title}: expected {file} in one of {[str(place.parent) for place in places]}")


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz file."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def read_cases(folder: Path) -> Iterator[Case]:
    """The cases of every system present in `folder`."""
    for system in SYSTEMS:
        path = folder / system / "cases.json"
        if path.is_file():
            entries = _entries(json.loads(path.read_text(encoding="utf-8")))
            for name, spec in entries.items():
                yield Case(system, name, path.parent, spec, entries)


def _entries(content: Any) -> dict[str, dict[str, Any]]:
    """Cases by name; the five files differ in form: a list of entries or a mapping, under "cases" or on top."""
    cases = content["cases"] if isinstance(content, dict) and "cases" in content else content
    if isinstance(cases, dict):
        return {name: spec for name, spec in cases.items() if isinstance(spec, dict)}
    return {str(spec.get("case") or spec.get("name") or spec["file"].removesuffix(".npz")): spec for spec in cases}


def default_cases() -> list[Case]:
    """The project's own cases, then those of the shared folder that are not among them."""
    cases: dict[str, Case] = {}
    for folder in (OWN_DATA, SHARED_DATA):
        for case in read_cases(folder):
            cases.setdefault(case.title, case)
    return list(cases.values())


def kind_of(name: str, kinds: tuple[str, ...]) -> str | None:
    """The longest kind with which the name begins; size, data set or variant may follow after a dot or underscore."""
    fitting = [kind for kind in kinds if re.fullmatch(re.escape(kind) + r"([._\d].*)?", name)]
    return max(fitting, key=len, default=None)
