"""Storing CAMs: parts with float16 grids against pickled dictionaries of full-size float32 maps (PSA's public code)."""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.pictures import SIZE_HW, class_scores
from benchmarks.timing import Comparison, best_time_ms
from wsss_core.artifacts.cams import SCHEMA, CamRow, decode, encode
from wsss_core.artifacts.parts import PartReader, PartWriter
from wsss_core.cams.scales import scaled_size

SCALES = (1.0, 0.5, 1.5, 2.0)
TAGS = ((3,), (7, 15), (1, 9))  # 1.67 tags per image, VOC has 1.55
IMAGES = 30
STRIDE = 8
ROUNDING = 2e-3  # of float16, relative to the maximum, over four scales


def make_row(number: int) -> CamRow:
    """Grids as VGG16 makes them: one per scale, an eighth of the scaled image."""
    class_ids = np.array(TAGS[number % len(TAGS)], np.int32)
    grids = []
    for scale in SCALES:
        height, width = scaled_size(SIZE_HW, scale)
        grids.append(class_scores(number, len(class_ids), (-(-height // STRIDE), -(-width // STRIDE))))
    return CamRow(f"image{number:03d}", SIZE_HW, class_ids, tuple(grids), canvas_hw=SIZE_HW, normalise=True)


def write_dictionaries(folder: Path, rows: list[CamRow], maps: list[np.ndarray]) -> None:
    """One .npy file per image with {class: float32 (H, W)}."""
    for row, scores_KHW in zip(rows, maps, strict=True):
        content = {int(label) - 1: scores for label, scores in zip(row.class_ids, scores_KHW, strict=True)}
        np.save(folder / f"{row.image_id}.npy", content)  # type: ignore[arg-type]


def read_dictionaries(folder: Path) -> list[np.ndarray]:
    """The maps of all files; they were written above, so unpickling them is safe."""
    paths = sorted(folder.glob("*.npy"))
    return [np.stack(list(np.load(path, allow_pickle=True).item().values())) for path in paths]


def write_part(path: Path, rows: list[CamRow]) -> None:
    """One part with all rows."""
    with PartWriter(path, SCHEMA) as writer:
        for row in rows:
            writer.append(encode(row, "float16"))


def read_part(path: Path) -> list[np.ndarray]:
    """Full-size scores of all rows."""
    return [decode(record).scores() for record in PartReader(path)]


def run() -> list[Comparison]:
    """Bytes, writing and reading of 30 images; reading includes making the full-size scores."""
    rows = [make_row(number) for number in range(IMAGES)]
    maps = [row.scores() for row in rows]
    with tempfile.TemporaryDirectory() as name:
        folder, part = Path(name), Path(name) / "part.arrow"
        baseline_write, _ = best_time_ms(lambda: write_dictionaries(folder, rows, maps), repeats=3)
        baseline_read, expected = best_time_ms(lambda: read_dictionaries(folder), repeats=3)
        our_write, _ = best_time_ms(lambda: write_part(part, rows), repeats=3)
        our_read, scores = best_time_ms(lambda: read_part(part), repeats=3)
        baseline_bytes = sum(path.stat().st_size for path in folder.glob("*.npy"))
        our_bytes = part.stat().st_size
    assert all(np.abs(a - b).max() <= ROUNDING for a, b in zip(scores, expected, strict=True)), "stored CAMs differ"
    size = f"{IMAGES} images {SIZE_HW[0]}x{SIZE_HW[1]}"
    return [
        Comparison("CAM store", size, "KB", baseline_bytes / 1000, our_bytes / 1000, target=10),
        Comparison("CAM store, writing", size, "ms", baseline_write, our_write),
        Comparison("CAM store, reading to full size", size, "ms", baseline_read, our_read),
    ]
