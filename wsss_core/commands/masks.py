"""`wsss masks`: label PNGs of masks whose classes are colours."""

from pathlib import Path

import click

from wsss_core.artifacts.atomic import write_bytes
from wsss_core.data.faults import DataError
from wsss_core.data.labels import encode_label_png
from wsss_core.exchange.coloured_masks import read_colour_table, read_coloured_mask
from wsss_core.progress import progress

TABLE = "labelmap.txt"


@click.command()
@click.argument("coloured", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option(
    "--colours", type=click.Path(path_type=Path), help=f"Table of the colours. Default: {TABLE} beside the folder."
)
def masks(coloured: Path, out: Path, colours: Path | None) -> None:
    """Make label PNGs of the folder COLOURED (SegmentationClass) that CVAT exports as `Segmentation mask 1.1`.

    Label ids follow the order of the table; the classes are printed in it, as `--classes` of `wsss new` takes them.
    """
    table = read_colour_table(colours or coloured.parent / TABLE)
    paths = sorted(coloured.rglob("*.png"))
    if not paths:
        raise DataError(f"{coloured}: expected PNGs of masks, found none. To do: correct the folder.")
    for path in progress(paths, "masks", len(paths)):
        label_HW = read_coloured_mask(path, table)
        write_bytes(out / path.relative_to(coloured), encode_label_png(label_HW))
    click.echo(f"{len(paths)} label PNGs in {out}; classes: {','.join(table.classes)}")
