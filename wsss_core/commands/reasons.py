"""Snakemake's reasons for a job, in plain words: which setting changed from what to what, whose result it follows."""

import ast
import json
import re
from collections.abc import Iterable, Mapping

from wsss_core.commands.dry_run import stage_of

_PARAMS = re.compile(r"^Params have changed since last execution: .*?before: (?P<before>.*?) now: (?P<now>.*)$")
_NOTHING = "<nothing exclusive>"
_FINGERPRINT = re.compile(r"^[0-9a-f]{8,64}$")
_CLAUSES = re.compile(
    r"; (?=(?:Missing output|Incomplete output|Updated input|Input files updated|Set of input|Code has|Params have|"
    r"Software environment|Forced))"
)
_FIXED = {
    "Forced execution": "asked for, or interrupted the last time",
    "Set of input files has changed since last execution": "its set of input files changed",
    "Code has changed since last execution": "the command of its rule changed",
    "Software environment definition has changed since last execution": "its software environment changed",
}
_SETTINGS_PREFIX = "settings."  # of the keys of `stages.request.Request`
_SHOWN_CHANGES = 4
_SHOWN_LETTERS = 40


def explain(reason: str, results: str, experiment: str) -> list[str]:
    """Plain sentences for the reason of one job, the most telling first.

    `results`: the results folder as the rules write it; `experiment`: stages of it are named without a prefix.
    """
    clauses = [clause.strip() for clause in _CLAUSES.split(reason) if clause.strip()]
    missing = [clause for clause in clauses if clause.startswith("Missing output files")]
    if missing:  # what else is true of a job without output adds nothing
        return ["not made yet"]
    return [sentence for clause in clauses for sentence in _explain(clause, results, experiment)]


def _explain(clause: str, results: str, experiment: str) -> list[str]:
    if clause in _FIXED:
        return [_FIXED[clause]]
    if clause.startswith("Params have changed"):
        return _changed_params(clause)
    head, _, files = clause.partition(": ")
    sources = _sources(files.split(", "), results, experiment)
    if head == "Incomplete output files":
        return ["a run was interrupted while it was being made"]
    if head == "Input files updated by another job":
        return [f"follows {sources}"]
    if head == "Updated input files":
        return [f"input is newer: {sources}"]
    return [clause]


def _sources(files: Iterable[str], results: str, experiment: str) -> str:
    """The stages that hold `files`; files elsewhere by their own name."""
    names = [(stage_of(file, results) or file).removeprefix(f"{experiment}/") for file in files]
    return ", ".join(dict.fromkeys(names))


def _changed_params(clause: str) -> list[str]:
    match = _PARAMS.match(clause)
    if match is None:
        return ["settings changed"]
    before, now = _literals(match["before"]), _literals(match["now"])
    if before is None or now is None:
        return ["settings changed"]
    is_code = [isinstance(value, str) and bool(_FINGERPRINT.match(value)) for value in (*before, *now)]
    sentences = []
    changes = _differences(_merged(before), _merged(now))
    if changes or not all(is_code):
        sentences.append("settings changed" + (f": {_short(changes)}" if changes else ""))
    if any(is_code):
        sentences.append("code changed")
    return sentences


def _literals(text: str) -> list[object] | None:
    """The values Snakemake prints, joined by commas in Python's notation; JSON texts are read. None if unreadable."""
    text = text.strip()
    if text == _NOTHING:
        return []
    try:
        values = ast.literal_eval(f"({text},)")
    except (ValueError, SyntaxError):
        return None
    return [_from_json(value) for value in values]


def _from_json(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _merged(values: Iterable[object]) -> dict[str, object]:
    """All mappings among `values` as one flat mapping with dotted keys."""
    flat: dict[str, object] = {}
    for value in values:
        if isinstance(value, Mapping):
            flat |= _flat(value)
    return flat


def _flat(values: Mapping[object, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _differences(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    keys = dict.fromkeys([*before, *now])
    return [_change(key, before, now) for key in keys if before.get(key, _NOTHING) != now.get(key, _NOTHING)]


def _change(key: str, before: Mapping[str, object], now: Mapping[str, object]) -> str:
    name = key.removeprefix(_SETTINGS_PREFIX)
    if key not in before:
        return f"{name} {_value(now[key])} is new"
    if key not in now:
        return f"{name} is gone"
    return f"{name} {_value(before[key])} -> {_value(now[key])}"


def _value(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str).strip('"')
    return text if len(text) <= _SHOWN_LETTERS else text[: _SHOWN_LETTERS - 1] + "…"


def _short(changes: list[str]) -> str:
    rest = len(changes) - _SHOWN_CHANGES
    return ", ".join(changes[:_SHOWN_CHANGES]) + (f" and {rest} more" if rest > 0 else "")
