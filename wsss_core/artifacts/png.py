"""Lossless PNG bytes of maps of bytes or pairs of bytes, the form in which label maps lie in parts."""

import cv2
import numpy as np

from wsss_core.artifacts.atomic import ArtifactError

_DTYPES = (np.uint8, np.uint16)


def encode_png(map_HW: np.ndarray) -> bytes:
    """PNG bytes of a uint8 or uint16 map (H, W)."""
    if map_HW.dtype not in _DTYPES or map_HW.ndim != 2:
        raise ValueError(f"expected a uint8 or uint16 map (H, W), found {map_HW.dtype} with shape {map_HW.shape}")
    done, data = cv2.imencode(".png", map_HW)
    if not done:
        raise ArtifactError(f"OpenCV could not encode a map of shape {map_HW.shape} as PNG")
    return data.tobytes()


def decode_png(data: bytes) -> np.ndarray:
    """The map (H, W) of PNG bytes written by `encode_png`, in its dtype."""
    try:
        map_HW = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:  # no bytes at all, or a head that promises more pixels than OpenCV takes
        map_HW = None
    if map_HW is None or map_HW.dtype not in _DTYPES or map_HW.ndim != 2:
        raise ArtifactError("a stored map is not a grey PNG; delete its part and run the stage again")
    return map_HW
