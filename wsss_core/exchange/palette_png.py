"""Export of label maps and instances as palette PNGs in the VOC colours, one file per image."""

from collections.abc import Iterable
from pathlib import Path

from wsss_core.artifacts.atomic import write_bytes
from wsss_core.artifacts.instance_masks import instance_labels, object_numbers
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.data.labels import encode_label_png
from wsss_core.exchange.file_names import file_name


def write_palette_pngs(rows: Iterable[LabelRow], folder: Path | str) -> list[Path]:
    """Write each row's `label_HW` (0 background, then classes, 255 ignore) as `<image id>.png` into `folder`.

    The pixel values are the label ids, so a written file can be read back and scored. Names come from
    `file_names.file_name`. Returns the paths in the order of the rows.
    """
    paths = []
    for row in rows:
        path = Path(folder) / file_name(row.image_id, ".png")
        write_bytes(path, encode_label_png(row.label_HW))
        paths.append(path)
    return paths


def write_instance_pngs(rows: Iterable[InstanceRow], folder: Path | str) -> list[Path]:
    """Write each row's instances as VOC writes its truth: numbers into `folder`/SegmentationObject, counted from 1, and
    classes into `folder`/SegmentationClass.

    Where masks overlap, the higher score is seen. Instances of score 0
    are left out. Returns the paths of the numbers in the order of the rows. Raises ValueError for more than 254 in one
    image.
    """
    paths = []
    for row in rows:
        name = file_name(row.image_id, ".png")
        path = Path(folder) / "SegmentationObject" / name
        write_bytes(path, encode_label_png(object_numbers(row)))
        write_bytes(Path(folder) / "SegmentationClass" / name, encode_label_png(instance_labels(row)))
        paths.append(path)
    return paths
