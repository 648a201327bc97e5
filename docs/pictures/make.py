"""Draws the pictures of the documentation from finished results.

    python docs/pictures/make.py strips results/EXPERIMENT OUT.jpg IMAGE_ID... --stage seeds --stage predictions

Each image becomes one row: the photograph, the masks of every stage of regions (large ones below small ones), then the
labels of every stage over it, then the truth. A stage of another experiment is ../EXPERIMENT/STAGE.
"""

from pathlib import Path

import click
import numpy as np

from wsss_core.artifacts.atomic import write_bytes
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.artifacts.regions import RegionRow
from wsss_core.commands.overlay import draw_overlay, encode_jpeg
from wsss_core.data.images import read_image
from wsss_core.data.labels import read_label_png, voc_palette
from wsss_core.regions.paint import paint_large_to_small
from wsss_core.regions.partition import UNCOVERED
from wsss_core.report.pictures import safe_palette, shrink
from wsss_core.stages.provenance import read_provenance
from wsss_core.training.label_source import RowSource

GAP_PX = 4
WHITE = 255
COLOURS = 28  # of the palette, before they repeat


@click.group()
def main() -> None:
    """Pictures of the documentation."""


@main.command()
@click.argument("experiment", type=click.Path(exists=True, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("image_ids", nargs=-1, required=True)
@click.option("--regions", multiple=True, help="Stage of masks, in order of the columns.")
@click.option("--stage", "stages", multiple=True, required=True, help="Stage of label maps, in order of the columns.")
@click.option("--width", default=240, help="Width of a picture in pixels.")
def strips(
    experiment: Path,
    out: Path,
    image_ids: tuple[str, ...],
    regions: tuple[str, ...],
    stages: tuple[str, ...],
    width: int,
) -> None:
    """One row per image: photograph, masks, the labels of each stage, truth."""
    records = {record.image_id: record for record in Manifest.read(experiment / "data").records}
    masks = [RowSource(experiment / stage, "regions", RegionRow) for stage in regions]
    sources = [
        RowSource(experiment / stage, str(read_provenance(experiment / stage)["kind"]), LabelRow) for stage in stages
    ]
    rows = [
        _strip(
            records[image_id],
            [source[image_id] for source in masks],
            [source[image_id].label_HW for source in sources],
            width,
        )
        for image_id in image_ids
    ]
    widest = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, GAP_PX), (0, widest - row.shape[1]), (0, 0)), constant_values=WHITE) for row in rows]
    write_bytes(out, encode_jpeg(np.concatenate(padded)))


def _strip(record: ImageRecord, masks: list[RegionRow], labels: list[np.ndarray], width: int) -> np.ndarray:
    image_HW3 = read_image(record.file)
    truth = [read_label_png(Path(record.truth))] if record.truth else []
    panels = [image_HW3, *(draw_overlay(image_HW3, _numbers(row), safe_palette()) for row in masks)]
    panels += [draw_overlay(image_HW3, label_HW, voc_palette()) for label_HW in [*labels, *truth]]
    longest = round(width * max(image_HW3.shape[:2]) / image_HW3.shape[1])
    small = [np.pad(shrink(panel, longest), ((0, 0), (0, GAP_PX), (0, 0)), constant_values=WHITE) for panel in panels]
    return np.concatenate(small, axis=1)


def _numbers(row: RegionRow) -> np.ndarray:
    """Uint8 map (H, W) of the masks, 0 where there is none; numbers, and so colours, repeat after `COLOURS` masks."""
    owner_HW = paint_large_to_small(row)
    return np.where(owner_HW == UNCOVERED, 0, 1 + owner_HW % COLOURS).astype(np.uint8)


if __name__ == "__main__":
    main()
