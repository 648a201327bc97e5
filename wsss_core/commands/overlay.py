"""Label maps drawn over photographs."""

import cv2
import numpy as np

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.label_ids import BACKGROUND, IGNORE

STRENGTH = 0.55
_JPEG_QUALITY = 92


def draw_overlay(image_HW3: np.ndarray, label_HW: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Uint8 RGB (H, W, 3): the photograph with the objects tinted in their colours and outlined; background untouched.

    `image_HW3` uint8 RGB, `label_HW` label ids, `palette` uint8 RGB by label id.
    """
    if image_HW3.shape[:2] != label_HW.shape:
        raise ValueError(f"expected labels of the image's size {image_HW3.shape[:2]}, found {label_HW.shape}")
    colours_HW3 = palette[label_HW]
    tinted_HW3 = cv2.addWeighted(image_HW3, 1 - STRENGTH, colours_HW3, STRENGTH, 0)
    object_HW = (label_HW != BACKGROUND) & (label_HW != IGNORE)
    drawn_HW3 = np.where(object_HW[..., None], tinted_HW3, image_HW3)
    return np.where((_outline(label_HW) & object_HW)[..., None], colours_HW3, drawn_HW3)


def _outline(label_HW: np.ndarray) -> np.ndarray:
    """Pixels with a neighbour of another label, bool (H, W)."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return cv2.dilate(label_HW, cross) != cv2.erode(label_HW, cross)


def encode_jpeg(image_HW3: np.ndarray) -> bytes:
    """JPEG bytes of a uint8 RGB image (H, W, 3)."""
    done, data = cv2.imencode(".jpg", image_HW3[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise ArtifactError(f"OpenCV could not encode a picture of shape {image_HW3.shape} as JPEG")
    return data.tobytes()
