"""What runs of the cluster's experiment have made, to be compared byte by byte."""

from collections.abc import Mapping
from pathlib import Path

RESULTS = "results/cluster"
PATTERNS = ("parts/*.arrow", "model.safetensors")

Products = Mapping[str, bytes]


def products(folder: Path, stage: str = "*") -> Products:
    """Parts and network of a stage, or of all, by path."""
    paths = [path for pattern in PATTERNS for path in sorted(folder.glob(f"{RESULTS}/{stage}/{pattern}"))]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def of_stage(made: Products, stage: str) -> Products:
    """Those of one stage."""
    return {path: content for path, content in made.items() if path.startswith(f"{RESULTS}/{stage}/")}


def change_times(folder: Path) -> dict[str, int]:
    """When each part and network that is there was made."""
    return {path: (folder / path).stat().st_mtime_ns for path in products(folder)}
