"""Whether a stage's jobs need a graphics card, told without importing torch: the workflow asks for every job."""

import os
from pathlib import Path
from typing import Literal

GPU_KINDS = ("classifier", "cams", "affinity", "refined_cams", "instances", "segmenter", "predictions")
"""Kinds whose methods run networks. Jobs of the others fill the cores meanwhile."""

_NO_CARDS = ("", "-1", "NoDevFiles")


def gpus_of_job(kind: str, device: str, devices: Path = Path("/dev")) -> int:
    """Cards that a job of `kind` takes: 1 or 0. `device` is that of the experiment: auto, cpu, cuda or cuda:n.

    With auto it is this machine that decides: without a card the jobs need none and may run beside each other. On a
    cluster, where another machine runs the jobs, the experiment says `device: cuda`.
    """
    return int(kind in GPU_KINDS and torch_build(device, devices) == "cuda")


def torch_build(device: str, devices: Path = Path("/dev")) -> Literal["cpu", "cuda"]:
    """Build of torch that the jobs need, and so the name of their environment in `envs/`; auto is as above."""
    if device == "auto":
        return "cuda" if card_at_hand(devices) else "cpu"
    return "cpu" if device == "cpu" else "cuda"


def card_at_hand(devices: Path = Path("/dev")) -> bool:
    """Whether the system shows an NVIDIA card (`/dev/nvidia0` ..., on WSL `/dev/dxg`) and CUDA may see it."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in _NO_CARDS:
        return False
    return any(devices.glob("nvidia[0-9]*")) or (devices / "dxg").exists()
