"""`stage.json`: how a stage's result came about, beside the result."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from wsss_core.artifacts.atomic import ArtifactError, write_json
from wsss_core.stages.measure import versions
from wsss_core.stages.request import Request

FILE_NAME = "stage.json"


def write_provenance(folder: Path, request: Request, code: str, stats: Mapping[str, object]) -> None:
    """Publish `stage.json`: kind, method, settings, inputs, splits, seed, code fingerprint, versions, measurements."""
    about = {
        "experiment": request.experiment,
        "stage": request.stage,
        "kind": request.kind,
        "method": request.method,
        "settings": request.settings,
        "inputs": request.inputs,
        "splits": request.splits,
        "seed": request.seed,
        "code": code,
        "versions": versions(),
        **stats,
    }
    write_json(folder / FILE_NAME, about)


def read_provenance(folder: Path | str) -> dict[str, object]:
    """Contents of a stage's `stage.json`; raises `ArtifactError` when it is absent or broken."""
    path = Path(folder) / FILE_NAME
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} cannot be read ({error}); run the stage to its end first") from error
    if not isinstance(about, dict):
        raise ArtifactError(f"{path}: expected a JSON object; delete it and run the stage again")
    return about


def combine_stats(parts: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Measurements of a stage from those of its parts: times and images add up, the memory is the largest."""
    images = sum(int(str(part["images"])) for part in parts)
    wall_s = sum(float(str(part["wall_s"])) for part in parts)
    devices = sorted({str(part["device"]) for part in parts})
    return {
        "parts": len(parts),
        "images": images,
        "wall_s": round(wall_s, 3),
        "images_per_s": round(images / wall_s, 3) if wall_s > 0 else None,
        "peak_memory_mb": max((float(str(part["peak_memory_mb"])) for part in parts), default=None),
        "device": ", ".join(devices),
    }
