"""What a reader must know before trusting a figure: remarks that stand at the top of the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from wsss_core.artifacts.manifest import Manifest
from wsss_core.report.figures import StageFigures


@dataclass(frozen=True)
class Note:
    """A remark. `loud`: it limits what the figures may be compared with."""

    text: str
    loud: bool = True


def collect_notes(figures: Sequence[StageFigures], manifest: Manifest) -> list[Note]:
    """All remarks, the loud ones first, each once."""
    notes = [*_tag_notes(figures), *_protocol_notes(figures), *_stage_notes(figures), *_manifest_notes(manifest)]
    unique = {note.text: note for note in notes}
    return sorted(unique.values(), key=lambda note: not note.loud)


def _tag_notes(figures: Sequence[StageFigures]) -> list[Note]:
    helped = [entry for entry in figures if entry.tags_used_as_input]
    if not helped:
        return []
    splits = list(dict.fromkeys(split for entry in helped for split in entry.splits))
    return [
        Note(
            f"Tags used as input: {', '.join(entry.stage for entry in helped)} were made with the tags of the very "
            f"images that they are scored on ({', '.join(splits)}). Do not compare these figures with those of a "
            "network that sees the photograph alone."
        )
    ]


def _protocol_notes(figures: Sequence[StageFigures]) -> list[Note]:
    entries = {
        (split, str(entry.get("name")), str(entry.get("message", ""))): bool(entry.get("matches"))
        for stage in figures
        for split, entry in stage.protocol.items()
    }
    return [
        Note(f"Protocol of split {split}: {message or name}", loud=False)
        if matches
        else Note(f"Protocol mismatch on split {split}: {message or name}")
        for (split, name, message), matches in entries.items()
    ]


def _stage_notes(figures: Sequence[StageFigures]) -> list[Note]:
    return [Note(f"{entry.stage}: {text}", loud=False) for entry in figures for text in entry.notes]


def _manifest_notes(manifest: Manifest) -> list[Note]:
    notes = [Note(f"Tags come from: {manifest.tag_source}.", loud=False)] if manifest.tag_source else []
    skipped = manifest.skipped()
    if skipped:
        notes.append(Note(f"Bad images left out: {len(skipped)}; they are listed below.", loud=False))
    return notes + [Note(text, loud=False) for text in manifest.notes]
