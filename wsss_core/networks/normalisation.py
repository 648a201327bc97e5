"""How a uint8 RGB picture becomes the input of a network. The rule belongs to the weights, not to the architecture."""

from dataclasses import dataclass

import numpy as np

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Normalisation:
    """`(image · scale - mean) / std` per channel, in the network's channel order."""

    mean: Triple
    """Subtracted after scaling; in the network's channel order (B, G, R when `bgr`)."""
    std: Triple
    """Divided by last; in the network's channel order."""
    bgr: bool
    """Whether the network takes blue first."""
    scale: float
    """Factor on the 0..255 values before the mean is subtracted."""

    def __call__(self, image_HW3: np.ndarray) -> np.ndarray:
        """Normalise one picture.

        Args:
            image_HW3: uint8 RGB (H, W, 3), 0..255 (float arrays of the same range, as colour jitter makes them, are
                taken too).

        Returns:
            float32 (3, H, W), contiguous.

        Raises:
            ValueError: the array has not three channels in its last axis.
        """
        if image_HW3.ndim != 3 or image_HW3.shape[2] != 3:
            raise ValueError(f"expected an RGB image (H, W, 3), found an array of shape {image_HW3.shape}")
        channels = image_HW3[:, :, ::-1] if self.bgr else image_HW3
        values = channels.astype(np.float32) * np.float32(self.scale)
        values -= np.asarray(self.mean, np.float32)
        values /= np.asarray(self.std, np.float32)
        return np.ascontiguousarray(values.transpose(2, 0, 1))


IMAGENET_RGB = Normalisation(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), bgr=False, scale=1 / 255)
"""torchvision's ImageNet weights and the ResNet38 of PSA (Ahn & Kwak, CVPR 2018)."""

CAFFE_BGR = Normalisation(mean=(104.008, 116.669, 122.675), std=(1.0, 1.0, 1.0), bgr=True, scale=1.0)
"""The VGG16 of DeepLab's Caffe files, also used by PSA."""
