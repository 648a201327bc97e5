"""Can the images be used? Counts, classes, and the first faulty files."""

import difflib
import importlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from wsss_core.artifacts.manifest import Listing, Manifest
from wsss_core.commands.checks.finding import Finding, ok
from wsss_core.commands.checks.unlisted import check_unlisted
from wsss_core.commands.text_table import text_table
from wsss_core.download.public_files import fetched_to
from wsss_core.label_ids import is_class
from wsss_core.settings.data import DataSettings, ScenesSettings
from wsss_core.settings.graph import Stage
from wsss_core.stages.plan import DEFAULT_TRAINING_SPLIT

_SHOWN_FAULTS = 5
_FEW_IMAGES = 5  # a class seen less often than this cannot be learnt


class DataMethod(Protocol):
    """What a module of the kind `data` offers."""

    def list_images(self, settings: DataSettings) -> Listing:
        """Ids and splits, without opening an image."""

    def build(self, settings: DataSettings, listing: Listing, folder: str) -> Manifest:
        """The manifest, with every image looked at."""


@dataclass(frozen=True)
class DataReport:
    """What a check of one data stage found. `table`: images per class and split, empty when the data cannot be read.

    `pixels`: of all usable images together. `skipped`: ids of the images that cannot be used.
    """

    findings: list[Finding]
    table: str = ""
    pixels: int = 0
    skipped: frozenset[str] = frozenset()


def check_data(stage: Stage) -> DataReport:
    """Look at every image of a data stage; nothing is written. Generated scenes are only counted."""
    settings = cast(DataSettings, stage.settings)
    method = cast(DataMethod, importlib.import_module(stage.entry.module))
    try:
        listing = method.list_images(settings)
        splits = sorted(listing.split_names, key=lambda name: name != DEFAULT_TRAINING_SPLIT)
        counts = ", ".join(f"{name} {len(listing.ids_of(name))}" for name in splits)
        found = ok(f"data {stage.name!r}: {len(listing.ids)} images listed ({counts})")
        if isinstance(settings, ScenesSettings):
            return DataReport([found], pixels=len(listing.ids) * settings.height * settings.width)
        with tempfile.TemporaryDirectory() as folder:
            manifest = method.build(settings.model_copy(update={"skip_bad": True}), listing, folder)
    except (ValueError, OSError) as error:
        return DataReport([Finding("fault", f"data {stage.name!r}: {error}", _how_to_get(settings))])
    return _report(stage, settings, manifest, splits, found)


def _how_to_get(settings: DataSettings) -> str:
    """The command that fetches a public data set whose folder is not there; empty where the fault is another."""
    root = getattr(settings, "root", None)
    name = None if root is None or Path(root).is_dir() else fetched_to(Path(root))
    return "" if name is None else f"or get the data: `wsss fetch {name}` (with `--offline`: where they come from)"


def _report(
    stage: Stage, settings: DataSettings, manifest: Manifest, splits: Sequence[str], found: Finding
) -> DataReport:
    where = f"data {stage.name!r}"
    findings = [found, ok(f"{where}: tags from {manifest.tag_source}"), *_bad_files(where, settings, manifest)]
    findings += [Finding("warning", f"{where}: {note}") for note in manifest.notes if "bad files" not in note]
    findings += check_unlisted(where, settings, [record.image_id for record in manifest.records])
    findings += _rare_classes(where, manifest, splits[0])
    pixels = sum(record.height * record.width for record in manifest.records if record.skipped is None)
    skipped = frozenset(record.image_id for record in manifest.skipped())
    return DataReport(findings, class_table(manifest, splits), pixels, skipped)


def _bad_files(where: str, settings: DataSettings, manifest: Manifest) -> list[Finding]:
    bad = manifest.skipped()
    if not bad:
        return [ok(f"{where}: every image can be read")]
    more = f" (the first {_SHOWN_FAULTS})" if len(bad) > _SHOWN_FAULTS else ""
    lines = [f"{where}: {len(bad)} of {len(manifest.records)} images cannot be used{more}:"]
    lines += [f"  {record.image_id}: {record.skipped}" for record in bad[:_SHOWN_FAULTS]]
    if settings.skip_bad:
        return [Finding("warning", "\n".join(lines), "mend them, or leave it: `skip_bad` is set, they are left out")]
    return [
        Finding("fault", "\n".join(lines), "mend them, or set `skip_bad: true` in the data stage to leave them out")
    ]


def _rare_classes(where: str, manifest: Manifest, split: str) -> list[Finding]:
    records = manifest.select([split])
    counts = {name: _count(manifest, label, split) for label, name in enumerate(manifest.classes) if is_class(label)}
    findings = []
    if records and not any(counts.values()):
        findings.append(Finding("fault", f"{where}: no image of split {split!r} has a tag", "check the tags"))
    elif rare := [f"{name} ({count}{_meant(name, counts)})" for name, count in counts.items() if count < _FEW_IMAGES]:
        text = f"{where}: classes with fewer than {_FEW_IMAGES} images in split {split!r}: {', '.join(rare)}"
        findings.append(Finding("warning", text, "add images of them, or take them off `classes`"))
    return [*findings, *_everywhere(where, counts, len(records), split)]


def _meant(name: str, counts: Mapping[str, int]) -> str:
    """The class that a rare one may be a slip of: one much like it, and not rare."""
    common = [other for other, count in counts.items() if count >= _FEW_IMAGES]
    close = difflib.get_close_matches(name, common, n=1)
    return f", or is it {close[0]!r}?" if close else ""


def _everywhere(where: str, counts: Mapping[str, int], images: int, split: str) -> list[Finding]:
    """A tag that no image lacks tells a classifier nothing: it need not look at the image to answer."""
    common = [name for name, count in counts.items() if count == images and images]
    if not common:
        return []
    text = f"{where}: every image of split {split!r} has the tag {', '.join(common)}, so nothing can be learnt of it"
    remedy = "add images without it (with no tag, or one of `no_class`); a few dozen are enough to begin"
    return [Finding("warning", text, remedy)]


def _count(manifest: Manifest, label: int, split: str) -> int:
    return sum(label in record.tags for record in manifest.select([split]))


def class_table(manifest: Manifest, splits: Sequence[str]) -> str:
    """Images per class (by tag) and split, without skipped ones, as a table."""
    labels = [(label, name) for label, name in enumerate(manifest.classes) if is_class(label)]
    rows = [[name, *(str(_count(manifest, label, split)) for split in splits)] for label, name in labels]
    without = [str(sum(not record.tags for record in manifest.select([split]))) for split in splits]
    total = [str(len(manifest.select([split]))) for split in splits]
    return text_table(["class", *splits], [*rows, ["(no tag)", *without], ["all images", *total]], right=splits)
