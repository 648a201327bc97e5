"""The driver of all per-image stages: read a part's images and inputs, call the method, write the part."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

from wsss_core import registry
from wsss_core.artifacts.formats import FORMATS, Row, RowFormat
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.parts import PartReader, PartWriter
from wsss_core.progress import progress, stage_job
from wsss_core.stages.context import Processor, StageContext
from wsss_core.stages.errors import StageError
from wsss_core.stages.part_files import part_path


def run_part(context: StageContext, part: int, output: Path) -> int:
    """Make part `part` of a per-image stage and publish it at `output`; returns the number of images.

    Raises `StageError` naming the image when the method fails on one; nothing is published then.
    """
    records = context.manifest.select(context.splits, part)
    readers = _readers(context, part)
    row_format = FORMATS[context.kind]
    options = _encode_options(context)
    rows = _rows(context, records, readers, part)
    first = list(islice(rows, 1))  # before the output is opened: a missing weight file is no failure to write
    with PartWriter(output, row_format.schema) as writer:
        for row in chain(first, rows):
            writer.append(row_format.encode(row, **options))
    return len(records)


def _rows(
    context: StageContext,
    records: Sequence[ImageRecord],
    readers: Mapping[str, tuple[PartReader, RowFormat]],
    part: int,
) -> Iterator[Row]:
    """One row after the other; without images the method is not even loaded."""
    if records:
        processor = _processor(context)
        for record in progress(records, f"{stage_job(context.folder)}/{part:05d}", len(records)):
            yield _process(context, processor, record, readers)


def rows_of(folder: Path, kind: str) -> Iterator[Row]:
    """All rows of a per-image stage, part after part, one image in memory at a time."""
    row_format = FORMATS[kind]
    for path in sorted((folder / "parts").glob("*.arrow")):
        yield from (row_format.decode(record) for record in PartReader(path))


def _processor(context: StageContext) -> Processor:
    module = importlib.import_module(registry.METHODS[context.kind][context.method].module)
    processor: Processor = module.processor(context)
    return processor


def _readers(context: StageContext, part: int) -> dict[str, tuple[PartReader, RowFormat]]:
    return {
        slot: (PartReader(part_path(context.inputs[slot], part)), FORMATS[kind])
        for slot, kind in context.input_kinds.items()
        if kind in FORMATS
    }


def _process(
    context: StageContext,
    processor: Processor,
    record: ImageRecord,
    readers: Mapping[str, tuple[PartReader, RowFormat]],
) -> Row:
    try:
        rows = {slot: form.decode(reader[record.image_id]) for slot, (reader, form) in readers.items()}
        return processor(record, rows)
    except Exception as error:
        raise StageError(
            f"stage {context.experiment}/{context.stage}, image {record.image_id!r} ({record.file}): {error}"
        ) from error


def _encode_options(context: StageContext) -> dict[str, str]:
    """CAM formats are stored in the number format that the settings name."""
    dtype = getattr(context.settings, "dtype", None)
    return {"dtype": dtype} if dtype is not None else {}
