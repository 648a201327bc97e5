"""The key of a training's resume state: it changes whenever the training would give another result."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from wsss_core.artifacts.manifest import FILE_NAME
from wsss_core.checkpoints.file_names import WEIGHTS_NAME, weight_files
from wsss_core.stages.context import StageContext
from wsss_core.stages.part_files import part_path


def run_key(request: str, code: str, context: StageContext) -> str:
    """Sixteen hex digits over the order, the code fingerprint, and size and time of every file that is read.

    Sizes and times stand for contents, as in Snakemake's own decisions: hashing the parts of a large data set at every
    start would take minutes. A copied results folder therefore starts its unfinished trainings anew.
    """
    files = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in _files(context)]
    text = json.dumps([request, code, files], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _files(context: StageContext) -> Iterator[Path]:
    """Files that the training may read. Parts of other splits do not count: they may be made in the meantime."""
    parts = sorted({record.part for record in context.manifest.select(context.splits, with_skipped=True)})
    for _, folder in sorted(context.inputs.items()):
        for path in (folder / FILE_NAME, folder / WEIGHTS_NAME, *(part_path(folder, part) for part in parts)):
            if path.is_file():
                yield path
    yield from (path for path in weight_files(context.settings) if path.is_file())
