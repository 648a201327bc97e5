"""What a job cost: wall time, peak memory, images per second, device and versions."""

import importlib.metadata
import platform
import resource
import time
from dataclasses import dataclass, field

PACKAGES = ("wsss", "torch", "torchvision", "transformers", "numpy", "opencv-python-headless", "pyarrow", "pillow")


@dataclass
class Stopwatch:
    """Measures from its making on."""

    start_s: float = field(default_factory=time.perf_counter)

    def stats(self, images: int, device: str) -> dict[str, object]:
        """Measurements so far, as they go into `stage.json`. Memory in MB (10^6 bytes), the job's peak."""
        wall_s = time.perf_counter() - self.start_s
        return {
            "images": images,
            "wall_s": round(wall_s, 3),
            "images_per_s": round(images / wall_s, 3) if wall_s > 0 else None,
            "peak_memory_mb": round(_peak_memory_mb(), 1),
            "device": device,
        }


def _peak_memory_mb() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + children) * (1 if platform.system() == "Darwin" else 1024) / 1e6


def versions() -> dict[str, str]:
    """Versions of Python and the packages that results depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
