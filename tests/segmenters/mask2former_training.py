"""A training of Mask2Former of seconds for torchrun: `... mask2former_training.py FOLDER SEEDS VALUES`."""

import json
import sys
from pathlib import Path

import torch
from training.tiny_data import tiny_context

from wsss_core.segmenters import mask2former
from wsss_core.settings.mask2former import Mask2FormerSettings
from wsss_core.training import processes


def main(folder: Path, seeds: Path, values: str) -> None:
    torch.set_num_threads(1)
    processes.join("cpu")
    try:
        settings = Mask2FormerSettings.parse(json.loads(values), "segmenter")
        mask2former.train(tiny_context(folder, "segmenter", settings, seeds=seeds))
    finally:
        processes.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
