"""Export as tasks of Label Studio with brush masks as predictions, to be corrected by hand there.

The project's labelling interface needs `<Image name="image" value="$image"/>` and `<BrushLabels name="tag"
toName="image">` with one `<Label value="...">` per class; `labelling_interface` writes it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np

from wsss_core.artifacts.atomic import atomic_output
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.exchange.annotations.brush_rle import encode_brush
from wsss_core.exchange.annotations.label_studio import IMAGE_KEY, OWN_ID
from wsss_core.exchange.shown_classes import shown_classes
from wsss_core.label_ids import is_class

LOCAL_FILES = "/data/local-files/?d="
FROM_NAME, TO_NAME = "tag", "image"


def write_label_studio_tasks(
    rows: Iterable[LabelRow], records: Mapping[str, ImageRecord], classes: Sequence[str], path: Path | str, model: str
) -> int:
    """Write `rows` as one JSON file of tasks, atomically, one image at a time; returns the image count.

    `records`: by image id; the address of an image is its file in Label Studio's local storage.
    `classes`: names by label id, background first. `model`: shown in Label Studio as the version that predicted.
    """
    count = 0
    with atomic_output(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write("[")
        for row in rows:
            file.write(",\n" if count else "\n")
            file.write(json.dumps(task_of(row, records[row.image_id].file, classes, model), ensure_ascii=False))
            count += 1
        file.write("\n]\n")
    return count


def task_of(row: LabelRow, file: str, classes: Sequence[str], model: str) -> dict[str, object]:
    """One task; a brush mask per foreground class present."""
    results = [_result(row.label_HW == label, classes[label], f"{label}") for label in shown_classes(row.label_HW)]
    address = LOCAL_FILES + quote(PurePosixPath(file).as_posix().lstrip("/"))
    data = {IMAGE_KEY: address, OWN_ID: row.image_id}
    return {"data": data, "predictions": [{"model_version": model, "result": results}]}


def _result(mask_HW: np.ndarray, name: str, number: str) -> dict[str, object]:
    height, width = mask_HW.shape
    return {
        "id": f"class{number}",
        "type": "brushlabels",
        "from_name": FROM_NAME,
        "to_name": TO_NAME,
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": {"format": "rle", "rle": encode_brush(mask_HW), "brushlabels": [name]},
    }


def labelling_interface(classes: Sequence[str], colours: np.ndarray) -> str:
    """The XML of the project's labelling interface. `colours` uint8 RGB by label id."""
    labels = [
        f'    <Label value={quoteattr(name)} background="#{bytes(colours[label]).hex()}"/>'
        for label, name in enumerate(classes)
        if is_class(label)
    ]
    head = f'<View>\n  <Image name="{TO_NAME}" value="${IMAGE_KEY}" zoom="true"/>'
    brush = f'  <BrushLabels name="{FROM_NAME}" toName="{TO_NAME}">'
    return "\n".join([head, brush, *labels, "  </BrushLabels>\n</View>\n"])
