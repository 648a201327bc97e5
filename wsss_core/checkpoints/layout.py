"""What a published family of weight files looks like and how its names become ours."""

from collections.abc import Callable
from dataclasses import dataclass

from wsss_core.checkpoints.reading import State
from wsss_core.networks.normalisation import Normalisation


@dataclass(frozen=True)
class Layout:
    """One naming of checkpoints. Ours: `backbone.<published name>` for the backbone, plain names for the head."""

    name: str
    """For messages."""
    recognises: Callable[[State], bool]
    """Whether a state dict is of this naming, told by a few names."""
    translate: Callable[[State], State]
    """The state dict under our names; entries that never have a place here (ImageNet heads) are left out."""
    normalisation: Normalisation | None
    """Input rule of all files of this naming; None where the backbone's own holds."""
    absent: tuple[str, ...] = ()
    """Our names (prefixes) that these files never hold and that keep their random start."""
