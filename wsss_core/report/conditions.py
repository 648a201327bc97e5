"""Under which conditions figures were made: a figure may be compared with a published one only if these agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wsss_core.artifacts.checksum import sha256_of
from wsss_core.artifacts.manifest import Manifest
from wsss_core.checkpoints.file_names import WEIGHTS_NAME
from wsss_core.data.protocols import hash_ids
from wsss_core.evaluation.examples import ids_with_truth
from wsss_core.report.figures import StageFigures
from wsss_core.report.stages import StageFacts

SHOWN_DIGITS = 12
PROGRAMS = ("wsss", "torch", "numpy")


@dataclass(frozen=True)
class Conditions:
    """Of one stage on one split. `ids`: start of the SHA-256 of the scored ids. `crf`: whether the stage ran a CRF.
    `networks`: name of each network before it -> start of the SHA-256 of its weights. `versions` in words."""

    stage: str
    split: str
    protocol: str
    ids: str
    crf: bool
    networks: Mapping[str, str]
    versions: str


def conditions(figures: Sequence[StageFigures], stages: Sequence[StageFacts], manifest: Manifest) -> list[Conditions]:
    """One row per evaluated stage and split, in the order of the figures."""
    by_name = {stage.name: stage for stage in stages}
    by_ref = {stage.ref: stage for stage in stages}
    hashes: dict[str, str] = {}
    rows = []
    for entry in figures:
        facts = by_name.get(entry.stage)
        for split in entry.splits:
            rows.append(
                Conditions(
                    entry.stage,
                    split,
                    str(entry.protocol.get(split, {}).get("name", "")),
                    hash_ids(ids_with_truth(manifest, split))[:SHOWN_DIGITS],
                    facts is not None and _has_crf(facts.record.get("settings")),
                    {} if facts is None else _networks(facts, by_ref, hashes),
                    "" if facts is None else _versions(facts.record.get("versions")),
                )
            )
    return rows


def _has_crf(settings: object) -> bool:
    return isinstance(settings, Mapping) and settings.get("crf") is not None


def _networks(facts: StageFacts, by_ref: Mapping[str, StageFacts], hashes: dict[str, str]) -> dict[str, str]:
    """The trained networks among all stages before this one, each hashed once."""
    waiting, seen, found = [facts], {facts.ref}, dict[str, str]()
    while waiting:
        stage = waiting.pop(0)
        weights = stage.folder / WEIGHTS_NAME
        if weights.is_file():
            found[stage.name] = hashes.setdefault(stage.ref, "") or sha256_of(weights)[:SHOWN_DIGITS]
            hashes[stage.ref] = found[stage.name]
        for ref in (ref for refs in stage.inputs.values() for ref in refs):
            if ref in by_ref and ref not in seen:
                seen.add(ref)
                waiting.append(by_ref[ref])
    return found


def _versions(found: object) -> str:
    return (
        ", ".join(f"{name} {found[name]}" for name in PROGRAMS if name in found) if isinstance(found, Mapping) else ""
    )
