"""The shapes of an image painted into a label map."""

from collections.abc import Sequence

import numpy as np
from pycocotools import mask as coco_mask

from wsss_core.artifacts.rle import decode_masks
from wsss_core.exchange.annotations.annotated_image import AnnotatedImage, Shape
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.image_size import check_size
from wsss_core.label_ids import label_type, without_reserved
from wsss_core.settings.base import nearest


def paint(image: AnnotatedImage, size_hw: tuple[int, int], classes: Sequence[str]) -> np.ndarray:
    """Label map (H, W) of the shapes that have an area, later ones on top, background elsewhere.

    `classes`: names by label id, background first. Raises `ForeignFileError` for an unknown class, and for masks of
    another size than the image's.
    """
    label_HW = np.zeros(size_hw, label_type(len(classes) - 1))
    for shape in image.shapes:
        if shape.has_area:
            label_HW[area(shape, size_hw, image.where)] = _label(shape.name, classes, image.where)
    return label_HW


def area(shape: Shape, size_hw: tuple[int, int], where: str) -> np.ndarray:
    """Bool mask (H, W) of one shape; polygons as COCO rasterises them. Raises `ForeignFileError` for another size."""
    if shape.mask is not None:
        mask_HW = shape.mask()
        check_size(mask_HW.shape, size_hw, where, "a mask")
        return mask_HW
    drawn = [polygon.reshape(-1).tolist() for polygon in shape.polygons if len(polygon) > 2]
    if not drawn:
        return np.zeros(size_hw, bool)
    codes = coco_mask.frPyObjects(drawn, *size_hw)
    return decode_masks([coco_mask.merge(codes)["counts"]], size_hw)[0]


def _label(name: str, classes: Sequence[str], where: str) -> int:
    known = without_reserved(classes)
    if name not in known:
        raise ForeignFileError(
            f"{where}: there is no class {name!r} in the data; {nearest(name, list(known))}. To do: rename it in the "
            "labelling tool, or add it to the data's `classes`."
        )
    return list(classes).index(name)
