"""Choosing the device and the number of threads of a job."""

import sys

import cv2

from wsss_core.settings.base import SettingsError


def prepare_device(requested: str, threads: int) -> str:
    """Set the threads of torch and OpenCV; return the device for "auto" (CUDA when there is one) or the one asked for.

    Call it once the method's module is imported: a method that has not loaded torch runs no network, gets "cpu", and is
    spared the seconds that loading torch takes in every job.
    Raises `SettingsError` when CUDA is asked for and absent.
    """
    cv2.setNumThreads(threads)
    if "torch" not in sys.modules:
        return "cpu"
    import torch

    torch.set_num_threads(threads)
    if requested == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if requested.startswith("cuda") and not torch.cuda.is_available():
        raise SettingsError(f"device {requested!r} is asked for, but torch sees no CUDA device; use auto or cpu")
    count = torch.cuda.device_count()
    if requested.startswith("cuda:") and int(requested.removeprefix("cuda:")) >= count:
        raise SettingsError(f"device {requested!r} is asked for, but torch sees {count} CUDA devices, cuda:0 on")
    return requested
