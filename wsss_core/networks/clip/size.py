"""The numbers that make one CLIP differ from another."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClipSize:
    """Widths, depths and lengths of the two encoders. Defaults: ViT-B/16 (Radford et al., ICML 2021)."""

    embedding: int = 512
    """Width E of the space that images and texts share."""
    image_width: int = 768
    image_blocks: int = 12
    image_heads: int = 12
    patch: int = 16
    """Side of an image patch, pixels."""
    grid: int = 14
    """Patches along each side of the images that CLIP was trained on (14: 224 pixels)."""
    text_width: int = 512
    text_blocks: int = 12
    text_heads: int = 8
    context_length: int = 77
    """Tokens of a text, start, end and padding included."""
    vocabulary: int = 49408
    quick_gelu: bool = True
    """x · sigmoid(1.702 x), as in OpenAI's networks, or the exact GELU."""
