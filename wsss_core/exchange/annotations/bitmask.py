"""Label Studio's `BitmaskLabels`: a mask as a PNG in a data URL, painted where it is not transparent."""

import base64
import io

import numpy as np
from PIL import Image

from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.image_size import check_size


def decode_bitmask(url: str, size_hw: tuple[int, int], where: str) -> np.ndarray:
    """The bool mask (H, W). Raises `ForeignFileError`, opening with `where`, for damage, and for another size."""
    try:
        data = base64.b64decode(url.partition(",")[2], validate=True)
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            check_size((image.height, image.width), size_hw, where, "a mask")  # before a pixel is made
            alpha_HW = np.asarray(image.convert("RGBA"))[..., -1]
    except ForeignFileError:
        raise
    except Exception as error:  # on damaged files Pillow's decoders raise errors of any kind
        raise ForeignFileError(
            f"{where}: expected a mask as a PNG in a data URL, found: {error}. To do: export the annotations again."
        ) from error
    return alpha_HW > 0
