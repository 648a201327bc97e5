"""Is there room for the results, and may they be written?"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from wsss_core.commands.checks.finding import Finding, ok
from wsss_core.registry import TRAINING_KINDS

BYTES_PER_PIXEL = {
    "cams": 0.6,  # four scales of a grid of stride 8 hold 7.5/64 cells a pixel, two classes of float16
    "refined_cams": 0.1,  # one grid
    "cam files": 3.5,  # maps of two classes at image size, float16 compressed to four fifths; float32 takes twice that
    "regions": 0.3,  # some hundred run-length masks an image
    "affinity_labels": 4.0,  # two float16 maps for each of some three classes, compressed to a third
    "seeds": 0.1,  # PNG of a few flat areas
    "instances": 0.05,  # a few run-length masks
    "predictions": 0.1,
}
"""Size of the results per pixel of the data set, reckoned from their formats for photographs and rounded up."""

NETWORK_BYTES = 2_000_000_000  # weights of ResNet38 or ResNet101, and the state to resume from (momentum, two copies)
SMALL_NETWORK_BYTES = 30_000_000
SMALL_NETWORK = "small"
_STOPS_BELOW = 0.1  # the estimate is generous; with a tenth of it the run cannot end
_GB = 1e9


def estimated_bytes(kinds_and_networks: Iterable[tuple[str, str | None]], pixels: int) -> int:
    """Bytes that the stages will take at most: (kind, network or None) of each, and pixels of all images together."""
    total = 0.0
    for kind, network in kinds_and_networks:
        if kind in TRAINING_KINDS:
            total += SMALL_NETWORK_BYTES if network == SMALL_NETWORK else NETWORK_BYTES
        else:
            total += BYTES_PER_PIXEL.get(kind, 0.0) * pixels
    return round(total)


def check_disk(folder: Path, needed: int, free: int | None = None) -> list[Finding]:
    """Findings about the results `folder` (it need not exist yet); `free` bytes default to what the disk has."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    if not os.access(existing, os.W_OK):
        return [Finding("fault", f"{existing} cannot be written", "make it writable, or set `compute: {results: ...}`")]
    free = shutil.disk_usage(existing).free if free is None else free
    text = f"results need about {needed / _GB:.1f} GB at most, {free / _GB:.1f} GB are free at {existing}"
    if free >= needed:
        return [ok(text)]
    remedy = "free some space, or set `compute: {results: ...}` to a folder on another disk"
    return [Finding("fault" if free < _STOPS_BELOW * needed else "warning", text, remedy)]
