"""The images of a stage that have ground truth, one at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.artifacts.formats import FORMATS, Row
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.artifacts.parts import PartReader
from wsss_core.data.labels import read_label_png
from wsss_core.evaluation.target import EvaluationTarget
from wsss_core.progress import Progress


@dataclass(frozen=True)
class Example:
    """One image: its record, the evaluated stage's row, the truth (H, W) uint8 label ids, its evaluated splits."""

    record: ImageRecord
    row: Row
    truth_HW: np.ndarray
    splits: tuple[str, ...]


def misfit(target: EvaluationTarget, example: Example, error: ValueError) -> ArtifactError:
    """The error of a result that does not fit its truth: names stage, image and file."""
    record = example.record
    return ArtifactError(f"stage {target.name!r}, image {record.image_id!r}, truth {record.truth}: {error}")


def ids_with_truth(manifest: Manifest, split: str) -> tuple[str, ...]:
    """Ids of the usable images of a split that have a truth file, in order."""
    return tuple(record.image_id for record in manifest.select([split]) if record.truth is not None)


def examples(
    target: EvaluationTarget, manifest: Manifest, splits: Sequence[str], job: str = "evaluation"
) -> Iterator[Example]:
    """All images of `splits` with ground truth, in the order of the parts; `job`: name in the progress display.

    Raises `ArtifactError` when the stage has no row of one of them, `LabelError` when a truth file is damaged.
    """
    chosen = set(splits)
    wanted = {record.image_id: record for record in manifest.select(splits) if record.truth is not None}
    decode = FORMATS[target.kind].decode
    missing = set(wanted)
    with Progress(job, len(wanted)) as shown:
        for reader, image_id in _stored(target):
            if image_id in missing:
                missing.remove(image_id)
                record = wanted[image_id]
                truth = read_label_png(str(record.truth))
                own = tuple(split for split in record.splits if split in chosen)
                yield Example(record, decode(reader[image_id]), truth, own)
                shown.advance()
    if missing:
        raise ArtifactError(
            f"stage {target.name!r} has no result of {len(missing)} images with ground truth, such as "
            f"{min(missing)!r}; run the stage again (its parts in {target.folder / 'parts'} are not complete)"
        )


def _stored(target: EvaluationTarget) -> Iterator[tuple[PartReader, str]]:
    """Each image that the stage has a row of, with the part that holds it."""
    for path in sorted((target.folder / "parts").glob("*.arrow")):
        reader = PartReader(path)
        yield from ((reader, image_id) for image_id in reader.ids())
