"""Names of a saved network's files. Without torch, so that the workflow can ask."""

from pathlib import Path

WEIGHTS_NAME = "model.safetensors"
CARD_NAME = "model.json"


def weights_file(path: Path) -> Path:
    """The file itself; of the folder of a saved network, its weights."""
    return path / WEIGHTS_NAME if path.is_dir() else path
