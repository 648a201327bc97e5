"""Deterministic weights and inputs for golden tests, a function of names, shapes and a seed only.

A published network is 100 MB to 1 GB; a golden test needs none of it. Every tensor of a state
dict is drawn here from a generator seeded by its own name, so two implementations that use the
same state-dict names and shapes hold the same weights, whatever the order or the framework.
"""

import hashlib

import numpy as np


def _rng(seed: int, name: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def synthetic_array(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """The values of the state-dict entry `name`: float32, or int64 zeros for a batch counter."""
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    rng = _rng(seed, name)
    if leaf == "running_var":
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    if leaf == "running_mean":
        return (0.1 * rng.standard_normal(shape)).astype(np.float32)
    if len(shape) >= 2:
        fan_in = int(np.prod(shape[1:]))
        return (rng.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32)
    if leaf == "weight":
        return rng.uniform(0.8, 1.2, shape).astype(np.float32)
    if leaf == "bias":
        return (0.05 * rng.standard_normal(shape)).astype(np.float32)
    return (0.02 * rng.standard_normal(shape)).astype(np.float32)


def synthetic_state_dict(layout: dict[str, list[int]], seed: int) -> dict[str, np.ndarray]:
    """Weights for a layout {state-dict name: shape}."""
    return {name: synthetic_array(name, tuple(shape), seed) for name, shape in layout.items()}


def synthetic_image(height: int, width: int, seed: int) -> np.ndarray:
    """A smooth uint8 RGB picture, (height, width, 3), with edges at several scales."""
    rng = _rng(seed, f"image:{height}x{width}")
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    out = np.zeros((height, width, 3))
    for _ in range(12):
        cy, cx = rng.uniform(0, height), rng.uniform(0, width)
        ry, rx = rng.uniform(0.08, 0.4, 2) * (height, width)
        inside = ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 1
        out[inside] = rng.uniform(0, 255, 3)
    out += 12 * np.sin(x / 7 + y / 11)[..., None] + rng.normal(0, 4, out.shape)
    return np.clip(out, 0, 255).astype(np.uint8)


def synthetic_input(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """A standard-normal float32 tensor to feed a network."""
    return _rng(seed, f"input:{name}").standard_normal(shape).astype(np.float32)
