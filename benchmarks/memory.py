"""How the benchmarks measure memory: by what a process of its own takes from the system."""

import ctypes
import gc
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch

M_MMAP_THRESHOLD = -3
"""glibc's name of the size from which memory is given back as soon as it is freed (malloc.h)."""

Prepare = Callable[[], Callable[[], object]]


def added_peak_mb(prepare: Prepare) -> float:
    """Megabytes (10^6 bytes) by which a call raises the resident memory of a fresh process at its peak.

    `prepare`, a function of a module, loads and makes what the call starts from, which does not count, and returns the
    call. Unlike tracemalloc this sees the memory of torch. Linux with glibc only, which can set the peak back.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_added_peak_mb, prepare).result()


def _added_peak_mb(prepare: Prepare) -> float:
    torch.set_num_threads(1)
    libc = ctypes.CDLL(None)
    libc.mallopt(M_MMAP_THRESHOLD, 1 << 20)  # else gaps between arrays, which chance decides, count as well
    call = prepare()
    gc.collect()
    libc.malloc_trim(0)  # else the call would be served from what `prepare` has freed
    Path("/proc/self/clear_refs").write_text("5")  # the peak becomes the present value
    before = _resident_bytes("VmRSS")
    result = call()
    peak = _resident_bytes("VmHWM")
    del result
    return (peak - before) / 1e6


def _resident_bytes(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(f"{field}:"))) * 1024
