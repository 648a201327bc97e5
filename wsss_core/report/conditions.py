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
    """Of one stage on one split. `obtained` and `expected`: the key figure (see `StageFigures.key_figure`) in 0..1, or
    None. `threshold`: the background threshold, `chosen_on`: the split it was chosen on, where it was. `ids`: start of
    the SHA-256 of the scored ids. `crf`: whether the stage ran a CRF. `networks`: name of each network before it ->
    start of the SHA-256 of its weights. `versions` in words."""

    stage: str
    split: str
    obtained: float | None
    expected: float | None
    threshold: float | None
    chosen_on: str | None
    protocol: str
    ids: str
    crf: bool
    networks: Mapping[str, str]
    versions: str

    @property
    def difference(self) -> float | None:
        """Obtained less expected, in 0..1; None where one of them is missing."""
        return None if self.obtained is None or self.expected is None else self.obtained - self.expected


def conditions(
    figures: Sequence[StageFigures],
    stages: Sequence[StageFacts],
    manifest: Manifest,
    expected: Mapping[str, Mapping[str, float]],
) -> list[Conditions]:
    """One row per evaluated stage and split, in the order of the figures. `expected`: stage -> split -> percent."""
    by_name = {stage.name: stage for stage in stages}
    by_ref = {stage.ref: stage for stage in stages}
    hashes: dict[str, str] = {}
    rows = []
    for entry in figures:
        facts = by_name.get(entry.stage)
        for split, found in entry.splits.items():
            percent = expected.get(entry.stage, {}).get(split)
            rows.append(
                Conditions(
                    entry.stage,
                    split,
                    getattr(found, entry.key_figure),
                    None if percent is None else percent / 100,
                    _threshold(found.threshold, facts),
                    entry.threshold_chosen_on,
                    str(entry.protocol.get(split, {}).get("name", "")),
                    hash_ids(ids_with_truth(manifest, split))[:SHOWN_DIGITS],
                    facts is not None and _has_crf(facts.record.get("settings")),
                    {} if facts is None else _networks(facts, by_ref, hashes),
                    "" if facts is None else _versions(facts.record.get("versions")),
                )
            )
    return rows


def _threshold(of_cams: float | None, facts: StageFacts | None) -> float | None:
    """The threshold at which CAMs were cut, or that a stage of label maps has in its settings."""
    settings = {} if facts is None else facts.record.get("settings")
    own = settings.get("threshold") if isinstance(settings, Mapping) else None
    return float(own) if of_cams is None and isinstance(own, int | float) else of_cams


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
