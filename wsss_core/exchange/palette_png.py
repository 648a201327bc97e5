"""Export of label maps as palette PNGs in the VOC colours, one file per image."""

from collections.abc import Iterable
from pathlib import Path

from wsss_core.artifacts.atomic import write_bytes
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.data.labels import encode_label_png
from wsss_core.exchange.file_names import file_name


def write_palette_pngs(rows: Iterable[LabelRow], folder: Path | str) -> list[Path]:
    """Write each row's `label_HW` (uint8: 0 background, 1..C classes, 255 ignore) as `<image id>.png` into `folder`.

    The pixel values are the label ids, so a written file can be read back and scored. Names come from
    `file_names.file_name`. Returns the paths in the order of the rows.
    """
    paths = []
    for row in rows:
        path = Path(folder) / file_name(row.image_id, ".png")
        write_bytes(path, encode_label_png(row.label_HW))
        paths.append(path)
    return paths
