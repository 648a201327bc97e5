"""Images as CLIP takes them for its CAMs: sides in whole patches."""

import numpy as np

from wsss_core.data.augment import resize_image


def whole_patches(image_HW3: np.ndarray, patch: int) -> np.ndarray:
    """The image uint8 RGB (H, W, 3) with each side enlarged to the next multiple of the patch (Pillow bicubic).

    The two sides grow by different factors, as in FMA-WSSS.
    """
    height, width = (-(-side // patch) * patch for side in image_HW3.shape[:2])
    return image_HW3 if image_HW3.shape[:2] == (height, width) else resize_image(image_HW3, height, width)
