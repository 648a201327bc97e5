"""Equal bytes for equal seeds."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_CUBLAS_VARIABLE = "CUBLAS_WORKSPACE_CONFIG"
_CUBLAS_FIXED_WORKSPACE = ":4096:8"  # the value torch's notes on reproducibility name


@contextmanager
def deterministic_algorithms(enabled: bool) -> Iterator[None]:
    """Within the block torch takes deterministic kernels only, and raises `RuntimeError` where there is none.

    Set before the first CUDA call of the process, else cuBLAS keeps its old workspace rule.
    """
    before = torch.are_deterministic_algorithms_enabled()
    filled = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    if enabled:
        os.environ.setdefault(_CUBLAS_VARIABLE, _CUBLAS_FIXED_WORKSPACE)
    try:
        torch.use_deterministic_algorithms(enabled)
        # Filling every new tensor with NaN finds reads of unset memory, but costs time, and there are none here.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
