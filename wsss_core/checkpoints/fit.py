"""Whether a state dict fits a network, and which networks it would fit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch

from wsss_core.networks.factory import build_backbone
from wsss_core.networks.names import NETWORKS, SWINS

Shapes = Mapping[str, tuple[int, ...]]
COUNTER = "num_batches_tracked"
_SWIN_MARK = "backbone.body.swin."


@dataclass(frozen=True)
class Misfit:
    """What stands between a file and a network; all empty when it fits."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    wrong_shape: tuple[str, ...]
    """Each with both shapes in the text."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.wrong_shape)

    def describe(self) -> str:
        """First entry of each kind, with the counts, in one sentence."""
        kinds = (("missing", self.missing), ("unexpected", self.unexpected), ("of another shape", self.wrong_shape))
        return "; ".join(f"{len(names)} {kind}, first {names[0]}" for kind, names in kinds if names)


def shapes_of(state: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    """Name -> shape."""
    return {name: tuple(value.shape) for name, value in state.items()}


def compare(expected: Shapes, found: Shapes, absent: Iterable[str] = ()) -> Misfit:
    """Differences between the entries a network has and those of a file, both under our names.

    Args:
        expected: the network's names and shapes.
        found: the file's.
        absent: prefixes of names the file need not hold. Batch counters, which files of PyTorch before 0.4.1 lack,
            never count.
    """
    optional = tuple(absent)
    missing = (
        name
        for name in expected
        if name not in found and not name.endswith(COUNTER) and not (optional and name.startswith(optional))
    )
    wrong = (
        f"{name} (network {expected[name]}, file {found[name]})"
        for name in expected
        if name in found and expected[name] != found[name]
    )
    unexpected = (name for name in found if name not in expected)
    return Misfit(tuple(missing), tuple(unexpected), tuple(wrong))


def fitting_backbones(found: Shapes, absent: Iterable[str] = ()) -> list[str]:
    """Names of the backbones whose every tensor the file holds, none over; heads are not looked at."""
    inside = {name: shape for name, shape in found.items() if name.startswith("backbone.")}
    # Swins come from a library that takes seconds to import, so they are looked at only where the names are theirs.
    known = SWINS if any(name.startswith(_SWIN_MARK) for name in inside) else NETWORKS
    return [name for name in known if not compare(_backbone_shapes(name), inside, absent)]


def _backbone_shapes(name: str) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        state = build_backbone(name).state_dict()
    return {f"backbone.{key}": shape for key, shape in shapes_of(state).items()}
