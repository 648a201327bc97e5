"""CAMs of FMA-WSSS, one `.npz` per image: `cam` float32 (P, h, w) on the patch grid, raw, `fg_cls` class ids from 0,
and `att` float16 (h·w, h·w) where the attention was kept."""

import io
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from wsss_core.artifacts.atomic import write_bytes
from wsss_core.artifacts.cams import CamRow
from wsss_core.exchange.class_maps import ClassMaps, class_maps
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.label_ids import class_places

MAPS = "cam"
KEYS = "fg_cls"
ATTENTION = "att"
_STACK_AXES = 3
DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, ValueError, KeyError, OSError, EOFError, TypeError, AttributeError),
    *(OverflowError, MemoryError, NotImplementedError, RuntimeError, SyntaxError, tokenize.TokenError),
)
"""What the reading of a damaged archive ends in; the last two come from NumPy's reader of heads."""


def read_fma_arrays(path: Path | str) -> ClassMaps:
    """The maps of a file, without normalisation; the class c gets the label c + 1.

    Raises `FileNotFoundError`, and `ForeignFileError` for damaged files, pickled contents and arrays that do not fit.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected a .npz file, found none. To do: correct the path.")
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            keys, stack = (arrays[name] for name in (KEYS, MAPS))
    except DAMAGES as error:
        raise ForeignFileError(
            f"{path}: expected a .npz file with {KEYS!r} and {MAPS!r}, found: {error}. To do: copy it again, or name "
            "the form of the files by `form`."
        ) from error
    if keys.ndim != 1 or stack.ndim != _STACK_AXES:
        raise ForeignFileError(
            f"{path}: expected {KEYS!r} (P,) and {MAPS!r} (P, h, w), found {keys.shape} and {stack.shape}. To do: make "
            "the file again."
        )
    return class_maps(list(keys), list(stack), 1, str(path))


def write_fma_arrays(path: Path | str, row: CamRow) -> None:
    """Write the raw maps of a row of foreground classes, and its attention if it has one.

    The published logits are in no row and left out.

    Raises `ValueError` for maps of several scales, or of a grid that spans more than the image.
    """
    if len(row.maps) != 1 or row.canvas_hw != row.size_hw:
        raise ValueError(
            f"image {row.image_id!r}: expected CAMs of one scale that cover the image, found {len(row.maps)} scales "
            f"over {row.canvas_hw[0]} x {row.canvas_hw[1]} pixels; the files of FMA-WSSS have no place for others"
        )
    arrays = {MAPS: np.asarray(row.maps[0], np.float32), KEYS: class_places(row.class_ids)}
    if row.attention_NN is not None:
        arrays[ATTENTION] = row.attention_NN.astype(np.float16)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    write_bytes(path, buffer.getvalue())
