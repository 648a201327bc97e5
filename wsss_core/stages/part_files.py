"""Where the parts of a per-image stage lie."""

from pathlib import Path


def part_path(folder: Path, part: int) -> Path:
    """File of part number `part` of the stage in `folder`."""
    return folder / "parts" / f"{part:05d}.arrow"
