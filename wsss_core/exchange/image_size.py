"""Do the maps of a foreign file have the size of their image?"""

from wsss_core.exchange.errors import ForeignFileError


def check_size(found_hw: tuple[int, ...], image_hw: tuple[int, int], where: str, what: str = "maps") -> None:
    """Raise `ForeignFileError` unless maps of the size `found_hw` fit an image of the size (H, W) `image_hw`."""
    if tuple(found_hw) != image_hw:
        raise ForeignFileError(
            f"{where}: expected {what} of {image_hw[0]} x {image_hw[1]} pixels (height x width), found "
            f"{' x '.join(map(str, found_hw))}. To do: make them from the image as it is displayed, at its own size."
        )
