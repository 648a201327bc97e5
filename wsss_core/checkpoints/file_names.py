"""Names of a saved network's files. Without torch, so that the workflow can ask."""

from pathlib import Path

WEIGHTS_NAME = "model.safetensors"
CARD_NAME = "model.json"
HUGGING_FACE_NAME = "pytorch_model.bin"


def weights_file(path: Path) -> Path:
    """The file itself; of the folder of a saved network, its weights; of a folder of Hugging Face, too."""
    if not path.is_dir():
        return path
    older = path / HUGGING_FACE_NAME
    return older if older.is_file() and not (path / WEIGHTS_NAME).is_file() else path / WEIGHTS_NAME


WEIGHT_SETTINGS = ("weights", "clip_weights")
"""Settings that name a file of weights, in whatever method."""


def weight_files(settings: object) -> list[Path]:
    """The files of weights that a method's settings name, those of folders too; whether they are there or not."""
    given = (getattr(settings, name, None) for name in WEIGHT_SETTINGS)
    return [weights_file(Path(str(path))) for path in given if path]
