"""`cls_labels.npy`: the tag vectors that PSA, IRN and their successors pass around."""

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from wsss_core.artifacts.atomic import write_bytes
from wsss_core.exchange.restricted_npy import read_pickled_npy
from wsss_core.label_ids import class_labels, class_places, without_reserved

_YEAR_DIGITS = 4
_VOC_ID_DIGITS = 10


def read_cls_labels(path: Path | str, classes: Sequence[str]) -> dict[str, np.ndarray]:
    """{image id: float32 (C,)}, 1 where the class is in the image; `classes`: names by label id, counted from 1.

    Ids are texts (PSA) or numbers (IRN: 2007000032 means 2007_000032). Raises ValueError for another content,
    `UnsafePickleError` for a file that holds more than data, FileNotFoundError.
    """
    value = read_pickled_npy(path)
    if not isinstance(value, dict):
        raise ValueError(f"{path}: expected a dictionary of image id to vector, found {type(value).__name__}")
    class_count = len(without_reserved(classes))
    vectors = {}
    for key, vector in value.items():
        image_id = _text_id(key)
        array = np.asarray(vector, dtype=np.float32)
        if array.shape != (class_count,):
            raise ValueError(
                f"{path}: expected {class_count} numbers for image {image_id!r}, one per class, found shape "
                f"{array.shape}. To do: check `classes`."
            )
        vectors[image_id] = array
    return vectors


def _text_id(key: object) -> str:
    if isinstance(key, int | np.integer):
        digits = str(int(key)).zfill(_VOC_ID_DIGITS)
        return f"{digits[:_YEAR_DIGITS]}_{digits[_YEAR_DIGITS:]}"
    return str(key)


def write_cls_labels(path: Path | str, vectors: Mapping[str, np.ndarray]) -> None:
    """Write {image id: float32 (C,)} as PSA and its successors read it; atomically.

    Raises `ArtifactError` when the file cannot be written.
    """
    buffer = io.BytesIO()
    holder = np.empty((), dtype=object)
    holder[()] = {image_id: np.asarray(vector, np.float32) for image_id, vector in vectors.items()}
    np.save(buffer, holder, allow_pickle=True)
    write_bytes(path, buffer.getvalue())


def tag_vector(label_ids: Iterable[int], class_count: int) -> np.ndarray:
    """Float32 (C,): 1 at the place of the class of each label id (see `label_ids`), else 0."""
    vector_C = np.zeros(class_count, np.float32)
    vector_C[class_places(list(label_ids))] = 1
    return vector_C


def tags_of(vector_C: np.ndarray) -> tuple[int, ...]:
    """Label ids, ascending, of the classes at whose places a tag vector is above 0."""
    return tuple(class_labels(len(vector_C))[vector_C > 0].tolist())
