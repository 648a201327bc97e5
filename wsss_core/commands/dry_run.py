"""Reading `snakemake --dry-run` (9.27): which jobs would run, what each makes, and Snakemake's reason for it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

_RULE = re.compile(r"^(?:local)?(?:rule|checkpoint) (?P<rule>\w+):$")
_ENTRY = re.compile(r"^    (?P<key>[a-z]+): (?P<value>.*)$")
_EXPERIMENT_AND_STAGE = 2


@dataclass(frozen=True)
class Job:
    """A job of a dry run. `outputs`: its files; `reason`: Snakemake's sentence, clauses joined by "; "."""

    rule: str
    outputs: tuple[str, ...]
    reason: str


def parse_jobs(text: str) -> list[Job]:
    """The jobs that the output of `snakemake --dry-run` lists, in its order."""
    return [
        Job(rule, tuple(file for file in entries.get("output", "").split(", ") if file), entries.get("reason", ""))
        for rule, entries in _blocks(text)
    ]


def _blocks(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Rule name and the indented `key: value` lines of each job."""
    rule, entries = "", dict[str, str]()
    for line in text.splitlines():
        head, entry = _RULE.match(line), _ENTRY.match(line)
        if rule and entry:
            entries[entry["key"]] = entry["value"]
            continue
        if rule:
            yield rule, entries
        rule, entries = (head["rule"] if head else ""), {}
    if rule:
        yield rule, entries


def stage_of(file: str, results: str) -> str | None:
    """ "experiment/stage" of a file below the results folder, None for files elsewhere."""
    path, base = PurePosixPath(file), PurePosixPath(results)
    if not path.is_relative_to(base):
        return None
    parts = path.relative_to(base).parts
    return "/".join(parts[:_EXPERIMENT_AND_STAGE]) if len(parts) > _EXPERIMENT_AND_STAGE else None
