"""Draws the pictures of the documentation from finished results.

    python docs/pictures/make.py strips results/EXPERIMENT OUT.jpg IMAGE_ID... --stage seeds --stage predictions

Each image becomes one row: the photograph, then the labels of every stage over it, then the truth.
"""

from pathlib import Path

import click
import numpy as np

from wsss_core.artifacts.atomic import write_bytes
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.commands.overlay import draw_overlay, encode_jpeg
from wsss_core.data.images import read_image
from wsss_core.data.labels import read_label_png, voc_palette
from wsss_core.report.pictures import shrink
from wsss_core.stages.provenance import read_provenance
from wsss_core.training.label_source import RowSource

GAP_PX = 4
WHITE = 255


@click.group()
def main() -> None:
    """Pictures of the documentation."""


@main.command()
@click.argument("experiment", type=click.Path(exists=True, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("image_ids", nargs=-1, required=True)
@click.option("--stage", "stages", multiple=True, required=True, help="Stage of label maps, in order of the columns.")
@click.option("--width", default=240, help="Width of a picture in pixels.")
def strips(experiment: Path, out: Path, image_ids: tuple[str, ...], stages: tuple[str, ...], width: int) -> None:
    """One row per image: photograph, the labels of each stage, truth."""
    records = {record.image_id: record for record in Manifest.read(experiment / "data").records}
    sources = [
        RowSource(experiment / stage, str(read_provenance(experiment / stage)["kind"]), LabelRow) for stage in stages
    ]
    rows = [
        _strip(records[image_id], [source[image_id].label_HW for source in sources], width) for image_id in image_ids
    ]
    widest = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, GAP_PX), (0, widest - row.shape[1]), (0, 0)), constant_values=WHITE) for row in rows]
    write_bytes(out, encode_jpeg(np.concatenate(padded)))


def _strip(record: ImageRecord, labels: list[np.ndarray], width: int) -> np.ndarray:
    image_HW3 = read_image(record.file)
    truth = [read_label_png(Path(record.truth))] if record.truth else []
    panels = [image_HW3, *(draw_overlay(image_HW3, label_HW, voc_palette()) for label_HW in [*labels, *truth])]
    longest = round(width * max(image_HW3.shape[:2]) / image_HW3.shape[1])
    small = [np.pad(shrink(panel, longest), ((0, 0), (0, GAP_PX), (0, 0)), constant_values=WHITE) for panel in panels]
    return np.concatenate(small, axis=1)


if __name__ == "__main__":
    main()
