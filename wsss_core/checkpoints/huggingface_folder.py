"""Weights in the folder of a model of the Hugging Face hub: one file, or several with an index."""

import json
from pathlib import Path

from wsss_core.checkpoints.reading import State, read_state
from wsss_core.settings.paths import where_it_leads

SINGLE_FILES = ("model.safetensors", "pytorch_model.bin")
INDEX_FILES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")


def read_weights(path: Path) -> State:
    """Tensors of a checkpoint file (see `read_state`), or of a folder as `save_pretrained` or the hub makes them.

    Raises `FileNotFoundError` and `ValueError` as `read_state`, and for a folder without weights or with an index whose
    files are not all there.
    """
    if not path.is_dir():
        return read_state(path)
    for name in SINGLE_FILES:
        if (path / name).is_file():
            return read_state(path / name)
    for name in INDEX_FILES:
        if (path / name).is_file():
            return _read_pieces(path / name)
    raise FileNotFoundError(
        f"{where_it_leads(path)}: expected {', '.join((*SINGLE_FILES, *INDEX_FILES))} in this folder, found none; "
        "fetch the folder again, with the weights"
    )


def _read_pieces(index: Path) -> State:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, RecursionError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"{index}: expected an index with `weight_map`, found: {error!r}; fetch it again") from error
    strange = [name for name in names if Path(str(name)).name != name]
    if strange:
        raise ValueError(f"{index}: expected names of files beside it, found {strange[0]!r}; fetch the folder again")
    state: State = {}
    for name in names:
        state |= read_state(index.parent / name)
    return state
