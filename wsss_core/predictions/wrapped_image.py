"""The image that the CRF of the public port of DeepLab v2 looks at by mistake."""

import numpy as np

from wsss_core.networks.normalisation import CAFFE_BGR


def wrapped_image(image_HW3: np.ndarray) -> np.ndarray:
    """Network input of an image uint8 RGB (H, W, 3) as bytes: uint8 (H, W, 3), blue first, less the mean colour.

    Fractions are cut off towards 0 and negative values wrap: -1 becomes 255. C leaves that cast undefined; this is what
    processors of the x86 family do, on which the port's figures were made.
    """
    values_HW3 = CAFFE_BGR(image_HW3).transpose(1, 2, 0)
    return np.ascontiguousarray(np.trunc(values_HW3).astype(np.int16).astype(np.uint8))
