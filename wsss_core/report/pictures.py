"""Small pictures for the page: photographs, score overlays and label maps, as data URIs."""

import base64
from collections.abc import Sequence

import cv2
import numpy as np

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.label_ids import IGNORE

IGNORE_RGB = (224, 224, 224)
OUTLINE_RGB = (255, 255, 255)
OVERLAY_STRENGTH = 0.65
LUMA_RGB = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
BYTE_VALUES = 256

# Okabe and Ito (2008), the palette that people with any usual colour vision can tell apart; black is the background.
OKABE_ITO_RGB = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
LIGHTNESS_STEPS = (1.0, 0.6, 0.35, 0.8)


def shrink(image: np.ndarray, longest_px: int) -> np.ndarray:
    """Uint8 image (H, W, 3) reduced to a longer side of `longest_px` by area averaging; smaller ones stay."""
    size = _reduced_size(image.shape[:2], longest_px)
    return image if size is None else cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def shrink_labels(label_HW: np.ndarray, longest_px: int) -> np.ndarray:
    """Label map (H, W) reduced likewise by nearest neighbour, so that no label is invented."""
    size = _reduced_size(label_HW.shape, longest_px)
    return label_HW if size is None else cv2.resize(label_HW, size, interpolation=cv2.INTER_NEAREST)


def _reduced_size(shape: Sequence[int], longest_px: int) -> tuple[int, int] | None:
    height, width = shape[:2]
    factor = longest_px / max(height, width)
    if factor >= 1:
        return None
    return max(1, round(width * factor)), max(1, round(height * factor))


def overlay(image_HW3: np.ndarray, score_HW: np.ndarray) -> np.ndarray:
    """Uint8 RGB (H, W, 3): the photograph in grey, scores (float, clipped to 0..1) on it as the colours of Inferno.

    Inferno grows in lightness with the score, so it reads the same in grey and with any colour vision.
    """
    score = np.clip(score_HW, 0, 1).astype(np.float32)
    grey = (image_HW3.astype(np.float32) @ LUMA_RGB)[..., None].repeat(3, axis=2)
    heat_bgr = cv2.applyColorMap((score * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    share = (OVERLAY_STRENGTH * np.sqrt(score))[..., None]
    return (grey * (1 - share) + heat_bgr[..., ::-1].astype(np.float32) * share).round().astype(np.uint8)


def instance_overlay(image_HW3: np.ndarray, number_HW: np.ndarray) -> np.ndarray:
    """Uint8 RGB (H, W, 3): the photograph in grey, each instance in a colour of its own with a white outline.

    `number_HW` uint8: 0 for none, n the nth instance, in the nth colour of `safe_palette`.
    """
    grey_HW3 = (image_HW3.astype(np.float32) @ LUMA_RGB)[..., None].repeat(3, axis=2)
    share = np.where(number_HW > 0, OVERLAY_STRENGTH, 0)[..., None]
    drawn_HW3 = (grey_HW3 * (1 - share) + safe_palette()[number_HW] * share).round().astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(number_HW, cross) == cv2.dilate(number_HW, cross)
    drawn_HW3[(number_HW > 0) & ~inner] = OUTLINE_RGB
    return drawn_HW3


def safe_palette(size: int = BYTE_VALUES) -> np.ndarray:
    """Uint8 RGB of `size` labels, at least (256, 3): Okabe and Ito's seven colours, then the same darker or lighter;
    0 black, 255 light grey."""
    palette = np.zeros((max(size, BYTE_VALUES), 3), np.uint8)
    for label in range(1, len(palette)):
        base = np.array(OKABE_ITO_RGB[(label - 1) % len(OKABE_ITO_RGB)], np.float32)
        factor = LIGHTNESS_STEPS[(label - 1) // len(OKABE_ITO_RGB) % len(LIGHTNESS_STEPS)]
        palette[label] = (base * factor).round().astype(np.uint8)
    palette[IGNORE] = IGNORE_RGB
    return palette


def css_colour(rgb: np.ndarray) -> str:
    """A colour uint8 (3,) as `#rrggbb`."""
    return "#" + "".join(f"{int(value):02x}" for value in rgb)


def jpeg_uri(image_HW3: np.ndarray, quality: int) -> str:
    """Data URI of a uint8 RGB image as JPEG."""
    return _uri("jpeg", ".jpg", image_HW3[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])


def label_uri(label_HW: np.ndarray, palette: np.ndarray) -> str:
    """Data URI of a label map, coloured by `palette` RGB by label id, as PNG."""
    return _uri("png", ".png", palette[label_HW][..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _uri(kind: str, extension: str, image_bgr: np.ndarray, options: list[int]) -> str:
    done, data = cv2.imencode(extension, np.ascontiguousarray(image_bgr), options)
    if not done:
        raise ArtifactError(f"OpenCV could not encode a picture of shape {image_bgr.shape} as {kind}")
    return f"data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode('ascii')}"
