"""Random crops of an image together with its label map: the augmentation of segmentation networks and of IRNet."""

from typing import NamedTuple

import cv2
import numpy as np
import torch

from wsss_core.data.augment import random_mirror, random_rescale, resize_labels
from wsss_core.data.crops import random_crop
from wsss_core.label_ids import IGNORE, is_known
from wsss_core.networks.normalisation import Normalisation


class LabelledCrop(NamedTuple):
    """A square of image uint8 or float32 RGB (H, W, 3), 0..255, and label ids (H, W); `inside_HW` bool: where the
    image is.

    Outside of the image the labels are 255.
    """

    image_HW3: np.ndarray
    label_HW: np.ndarray
    inside_HW: np.ndarray

    def normalised(self, normalise: Normalisation) -> np.ndarray:
        """Network input float32 (3, H, W), 0 (the mean colour) outside of the image."""
        image_3HW: np.ndarray = normalise(self.image_HW3) * self.inside_HW
        return image_3HW


def labelled_crop(
    image_HW3: np.ndarray,
    label_HW: np.ndarray,
    rescale: tuple[float, float],
    size: int,
    mirror: bool,
    generator: np.random.Generator,
) -> LabelledCrop:
    """Rescaling by a factor drawn from `rescale`, crop of side `size`, and, with `mirror`, mirror of every other one.

    Image by Pillow's bicubic filter, labels by nearest neighbour.
    """
    image_HW3, label_HW = random_rescale(image_HW3, label_HW, generator, *rescale)
    inside_HW = np.ones(label_HW.shape, bool)
    arrays = random_crop([image_HW3, label_HW, inside_HW], size, generator, [0, IGNORE, False])
    return LabelledCrop(*(random_mirror(arrays, generator) if mirror else arrays))


def deeplab_crop(
    image_HW3: np.ndarray, label_HW: np.ndarray, factor: float, size: int, mirror: bool, generator: np.random.Generator
) -> LabelledCrop:
    """As `labelled_crop`, in the way of the public port of DeepLab v2 (Chen et al., TPAMI 2018), at a given factor.

    Sides are cut to whole pixels after scaling. Image in float32 by OpenCV's bilinear filter, which is not antialiased,
    labels by nearest neighbour. Images smaller than the crop stand at its top left.
    """
    height, width = (max(1, int(side * factor)) for side in label_HW.shape)
    scaled_HW3 = cv2.resize(image_HW3.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    beyond = ((0, max(0, size - height)), (0, max(0, size - width)))
    arrays = [
        np.pad(scaled_HW3, (*beyond, (0, 0))),
        np.pad(resize_labels(label_HW, height, width), beyond, constant_values=IGNORE),
        np.pad(np.ones((height, width), bool), beyond),
    ]
    arrays = random_crop(arrays, size, generator, [0, IGNORE, False])
    return LabelledCrop(*(random_mirror(arrays, generator) if mirror else arrays))


def check_labels(label_HW: np.ndarray, image_HW3: np.ndarray, class_count: int, image_id: str) -> None:
    """Raise `ValueError` unless the labels have the image's size and ids 0..K-1 or 255."""
    if label_HW.shape != image_HW3.shape[:2]:
        raise ValueError(
            f"image {image_id!r}: expected labels of its size {image_HW3.shape[:2]}, found {label_HW.shape}; "
            "the image has changed since the labels were made: run their stage again"
        )
    strange = label_HW[(label_HW != IGNORE) & ~is_known(label_HW, class_count)]
    if strange.size:
        raise ValueError(
            f"image {image_id!r}: expected labels 0..{class_count - 1} or {IGNORE}, found {int(strange[0])}; "
            "labels and class list do not belong together"
        )


def label_tensor(label_HW: np.ndarray, class_count: int) -> torch.Tensor:
    """The labels as a tensor that can be stacked with those of other images: uint8 where K classes fit, else int32."""
    return torch.from_numpy(label_HW.astype(np.uint8 if class_count <= IGNORE + 1 else np.int32, copy=False))
