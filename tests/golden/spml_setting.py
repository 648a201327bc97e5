"""What an SPML case is made of: recipes in words, networks with synthetic weights, pictures and label maps."""

import json
import re
from functools import lru_cache

import numpy as np
import torch
from golden.cases import Case
from golden.synthetic import synthetic_image, synthetic_input, synthetic_state_dict

from wsss_core.checkpoints.spml_layout import SPML_LAYOUT
from wsss_core.networks.factory import build_segmenter
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.networks.pixel_embedding import PixelEmbedding, semantic_classifier

HEAD_ENTRY = "semantic_classifier.0.weight"
EMBEDDING = ".embedding.layout.json"


def recipe(case: Case, function: str, which: int = 0) -> list[str]:
    """The arguments of a call such as `synthetic_image(65,97,1)` in the case's input, as texts."""
    calls = re.findall(re.escape(function) + r"\(([^()]*)\)", str(case.spec["input"]))
    assert len(calls) > which, f"{case.title}: expected {function}(...) in its input"
    return [part.strip().strip("\"'") for part in calls[which].split(",")]


def number_after(case: Case, words: str, key: str = "input") -> int:
    """The whole number that follows some words in the case's input."""
    found = re.search(re.escape(words) + r"\s*(\d+)", str(case.spec[key]))
    assert found is not None, f"{case.title}: expected {words!r} and a number in its {key}"
    return int(found[1])


def embedding(channels: int, height: int, width: int, seed: int) -> np.ndarray:
    """`synthetic_embedding` of the cases: float32 (D, H, W)."""
    x_3HW = (synthetic_image(height, width, seed).astype(np.float64) / 127.5 - 1).transpose(2, 0, 1)
    projection = synthetic_input("embedding.projection", (channels, 3), seed)
    noise = synthetic_input("embedding.noise", (channels, height, width), seed)
    return (np.einsum("ck,khw->chw", projection, x_3HW) + 0.3 * noise).astype(np.float32)


def embeddings(channels: int, height: int, width: int, seed: int, batch: int) -> torch.Tensor:
    """A batch of them, (B, D, H, W): image b has the seed + b."""
    return torch.from_numpy(np.stack([embedding(channels, height, width, seed + b) for b in range(batch)]))


def flat(embedding_DHW: np.ndarray) -> torch.Tensor:
    """Rows (P, D) of an embedding, row after row of pixels."""
    return torch.from_numpy(embedding_DHW.transpose(1, 2, 0).reshape(-1, len(embedding_DHW)).copy())


def pictures(height: int, width: int, seed: int, batch: int) -> torch.Tensor:
    """Normalised synthetic pictures (B, 3, H, W): image b has the seed + b."""
    return torch.from_numpy(np.stack([IMAGENET_RGB(synthetic_image(height, width, seed + b)) for b in range(batch)]))


def whole(array: np.ndarray) -> torch.Tensor:
    """Integers as int64."""
    return torch.from_numpy(array.astype(np.int64))


def network(case: Case) -> PixelEmbedding:
    """The network of the case: embedding and, if the case names none, a classifier of 2 classes that nobody asks."""
    names = case.spec["layout"]
    files = (names,) if isinstance(names, str) else tuple(names)
    paths = tuple(str(case.side_file(file)) for file in files)
    return _network(paths, case.spec["weight_seed"], _head_factor(case))


def classifier(case: Case) -> torch.nn.Sequential:
    """The classifier alone, in evaluation mode."""
    layout = json.loads(case.side_file(case.spec["layout"]).read_text(encoding="utf-8"))
    weights = _weights(layout, case.spec["weight_seed"], _head_factor(case))
    built = semantic_classifier(layout[HEAD_ENTRY][1], layout["semantic_classifier.4.bias"][0])
    built.load_state_dict({name.removeprefix("semantic_classifier."): value for name, value in weights.items()})
    return built.eval()


def _head_factor(case: Case) -> float:
    found = re.search(r"multiplied by ([\d.]+)", str(case.spec.get("weight_note", "")))
    return float(found[1]) if found else 1.0


def _weights(layout: dict[str, list[int]], seed: int, factor: float) -> dict[str, torch.Tensor]:
    weights = {name: torch.from_numpy(np.asarray(v)) for name, v in synthetic_state_dict(layout, seed).items()}
    if HEAD_ENTRY in weights:
        weights[HEAD_ENTRY] = weights[HEAD_ENTRY] * np.float32(factor)
    return weights


@lru_cache(maxsize=1)
def _network(paths: tuple[str, ...], seed: int, factor: float) -> PixelEmbedding:
    state: dict[str, torch.Tensor] = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            state |= _weights(json.load(file), seed, factor)
    classes = len(state["semantic_classifier.4.bias"]) if HEAD_ENTRY in state else 2
    is_deeplab = any(name.startswith("aspp.") for name in state)
    built = build_segmenter("embedding_deeplab" if is_deeplab else "embedding_pspnet", "resnet101_deep", classes)
    assert isinstance(built, PixelEmbedding)
    ours = SPML_LAYOUT.translate(state)
    misfit = built.load_state_dict(ours, strict=HEAD_ENTRY in state)
    assert not misfit.unexpected_keys
    return built.eval()
