"""Label maps as PNG files: palette or grey, pixel value = label id (see `label_ids`: 0 background, 255 ignore).

Maps with ids from 256 on, of sets with more than 253 classes, are grey PNGs of 16 bits.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from wsss_core.data.image_formats import LABEL_MAPS
from wsss_core.label_ids import as_labels

_INDEX_MODES = ("P", "L", "1", "I;16")
_BYTE_VALUES = 256
_BITS_PER_CHANNEL = 8


class LabelError(ValueError):
    """A label file that cannot be used; the text says which, what was expected and what to do."""


def read_label_png(path: Path | str) -> np.ndarray:
    """The label ids of a palette or grey PNG (H, W): uint8 where all fit, else uint16.

    The palette's colours are not looked at: the stored number is the label id. Raises `LabelError` (a ValueError)
    for missing, damaged or coloured files.
    """
    path = Path(path)
    if not path.is_file():
        raise LabelError(f"{path}: expected a label PNG, found no file. To do: correct the folder or the list.")
    try:
        with Image.open(path, formats=LABEL_MAPS) as image:
            image.load()
            if image.mode not in _INDEX_MODES:
                raise LabelError(
                    f"{path}: expected a palette or grey PNG whose pixel values are label ids, found mode "
                    f"{image.mode}. To do: save the label map with one number per pixel (0 background, 255 ignore)."
                )
            # 1-bit images hold 0 and 1, which Pillow would turn into 0 and 255.
            return as_labels(np.array(image, dtype=np.uint8 if image.mode == "1" else None))
    except LabelError:
        raise
    except Exception as error:  # on damaged files Pillow's decoders raise errors of any kind
        raise LabelError(
            f"{path}: expected a label PNG, found a damaged file ({error}). To do: copy it again."
        ) from error


def voc_palette(size: int = _BYTE_VALUES) -> np.ndarray:
    """The colour of each label id, uint8 RGB (size, 3), as the PASCAL VOC development kit computes it.

    The three lowest bits of an id become the highest bits of red, green and blue, the next three the next lower.
    """
    palette = np.zeros((size, 3), dtype=np.uint8)
    ids = np.arange(size)
    for level in range(_BITS_PER_CHANNEL):
        for channel in range(3):
            bit = (ids >> (3 * level + channel)) & 1
            palette[:, channel] |= (bit << (_BITS_PER_CHANNEL - 1 - level)).astype(np.uint8)
    return palette


def encode_label_png(label_HW: np.ndarray) -> bytes:
    """`label_HW` (H, W) as the bytes of a palette PNG in the VOC colours; grey of 16 bits where uint16.

    Raises ValueError for a dtype other than uint8 and uint16, and for another number of axes.
    """
    if label_HW.dtype not in (np.uint8, np.uint16) or label_HW.ndim != 2:
        raise ValueError(
            f"expected uint8 or uint16 labels with axes (H, W), found {label_HW.dtype} with shape {label_HW.shape}"
        )
    image = Image.fromarray(np.ascontiguousarray(label_HW))
    if label_HW.dtype == np.uint8:
        image.putpalette(voc_palette().tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
