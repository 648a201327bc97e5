"""Random changes of training images. Every function takes its generator, or the drawn value, as an argument.

Sizes and filters are Pillow's, whose shrinking is antialiased: published figures depend on it.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance

_HUE_STEPS = 255


@dataclass(frozen=True)
class JitterStrength:
    """Ranges of colour jitter: factors 1 - x .. 1 + x (not below 0); hue -x .. x turns, at most 0.5.

    Defaults are those of PSA (Ahn & Kwak, CVPR 2018).
    """

    brightness: float = 0.3
    contrast: float = 0.3
    saturation: float = 0.3
    hue: float = 0.1


def resize_image(image_HW3: np.ndarray, height: int, width: int) -> np.ndarray:
    """Image uint8 RGB (H, W, 3) or grey (H, W) resized with Pillow's bicubic filter to height x width."""
    return np.asarray(Image.fromarray(image_HW3).resize((width, height), Image.Resampling.BICUBIC)).copy()


def resize_labels(label_HW: np.ndarray, height: int, width: int) -> np.ndarray:
    """Labels (H, W) resized by nearest neighbour to (height, width): no new label can arise."""
    # Pillow rounds places otherwise in 16 bits than in 8 and 32.
    values_HW = label_HW if label_HW.dtype == np.uint8 else label_HW.astype(np.int32)
    resized_HW = np.asarray(Image.fromarray(values_HW).resize((width, height), Image.Resampling.NEAREST))
    return resized_HW.astype(label_HW.dtype)


def rescale_longer_side(image_HW3: np.ndarray, length: int) -> np.ndarray:
    """Image uint8 RGB (H, W, 3) or grey (H, W) whose longer side becomes `length`; the other is rounded (halves to
    even)."""
    height, width = image_HW3.shape[:2]
    if height > width:
        return resize_image(image_HW3, length, max(1, round(width * length / height)))
    return resize_image(image_HW3, max(1, round(height * length / width)), length)


def random_longer_side(
    image_HW3: np.ndarray, rng: np.random.Generator, shortest: int = 256, longest: int = 512
) -> np.ndarray:
    """`rescale_longer_side` to an integer drawn uniformly from shortest..longest, both included."""
    return rescale_longer_side(image_HW3, int(rng.integers(shortest, longest + 1)))


def random_rescale(
    image_HW3: np.ndarray, label_HW: np.ndarray, rng: np.random.Generator, low: float = 0.5, high: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """Image and labels scaled together by one factor drawn uniformly from low..high (segmentation training)."""
    factor = rng.uniform(low, high)
    height, width = (max(1, round(side * factor)) for side in label_HW.shape)
    return resize_image(image_HW3, height, width), resize_labels(label_HW, height, width)


def mirror(array: np.ndarray) -> np.ndarray:
    """Array (H, W) or (H, W, D) with left and right exchanged, contiguous."""
    return np.ascontiguousarray(array[:, ::-1])


def random_mirror(arrays: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """All arrays mirrored, or none, with probability one half."""
    return [mirror(array) for array in arrays] if rng.random() < 0.5 else list(arrays)


def colour_jitter(
    image_HW3: np.ndarray, rng: np.random.Generator, strength: JitterStrength | None = None
) -> np.ndarray:
    """Brightness, contrast, saturation and hue changed by random amounts in random order.

    image_HW3: uint8 RGB (H, W, 3). The changes are those of torchvision's ColorJitter on Pillow images; only the
    random numbers come from `rng`.
    """
    strength = strength or JitterStrength()
    order = rng.permutation(4)
    factors = [
        rng.uniform(max(0.0, 1 - amount), 1 + amount)
        for amount in (strength.brightness, strength.contrast, strength.saturation)
    ]
    factors.append(rng.uniform(-strength.hue, strength.hue))
    image = Image.fromarray(image_HW3)
    for step in order.tolist():
        image = _CHANGES[step](image, factors[step])
    return np.asarray(image).copy()


def change_brightness(image: Image.Image, factor: float) -> Image.Image:
    """Mix with black: 0 is black, 1 unchanged."""
    return ImageEnhance.Brightness(image).enhance(factor)


def change_contrast(image: Image.Image, factor: float) -> Image.Image:
    """Mix with the mean grey of the image: 0 is grey, 1 unchanged."""
    return ImageEnhance.Contrast(image).enhance(factor)


def change_saturation(image: Image.Image, factor: float) -> Image.Image:
    """Mix with the grey version: 0 is grey, 1 unchanged."""
    return ImageEnhance.Color(image).enhance(factor)


def change_hue(image: Image.Image, turns: float) -> Image.Image:
    """Turn the hue by `turns` (-0.5..0.5) of the colour circle, cut to steps of 1/255 as torchvision does."""
    hue, saturation, value = image.convert("HSV").split()
    shift = np.uint8(int(turns * _HUE_STEPS) % 256)
    turned = np.asarray(hue, dtype=np.uint8) + shift  # wraps around, as the circle does
    return Image.merge("HSV", (Image.fromarray(turned), saturation, value)).convert("RGB")


_CHANGES = (change_brightness, change_contrast, change_saturation, change_hue)
