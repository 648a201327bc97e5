"""Masks as Label Studio's `BitmaskLabels` holds them."""

import base64
import io

import numpy as np
from PIL import Image


def data_url(mask_HW: np.ndarray) -> str:
    """Black where it is painted, transparent elsewhere, as Label Studio documents it."""
    rgba_HW4 = np.zeros((*mask_HW.shape, 4), np.uint8)
    rgba_HW4[..., 3] = mask_HW * 255
    stream = io.BytesIO()
    Image.fromarray(rgba_HW4).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
