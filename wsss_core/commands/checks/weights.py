"""Are the weight files there, are they the right ones, and can they be loaded into the networks they are meant for?"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from wsss_core.checkpoints.fit import fitting_backbones, shapes_of
from wsss_core.checkpoints.pretrained import detect_layout
from wsss_core.checkpoints.reading import read_state
from wsss_core.checkpoints.store import WEIGHTS_NAME
from wsss_core.commands.checks.finding import Finding, ok
from wsss_core.settings.graph import Stage

WEIGHTS = "weights"
CHECKSUM_ENDING = ".sha256"
_CHUNK = 1 << 20
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8})\.pth$")  # torchvision: vgg16-397923af.pth


def check_weights(stages: Iterable[Stage]) -> list[Finding]:
    """Findings about the file that each stage's setting `weights` names; paths relative to the current folder."""
    findings = []
    for stage in stages:
        given = getattr(stage.settings, WEIGHTS, None)
        if given:
            findings.append(_check(stage, Path(str(given))))
    return findings


def _check(stage: Stage, path: Path) -> Finding:
    where = f"stage {stage.name!r}: weights {path}"
    file = path / WEIGHTS_NAME if path.is_dir() else path
    if not file.is_file():
        return Finding("fault", f"{where}: no such file", "fetch the file, or correct the setting `weights`")
    try:
        expected = expected_checksum(file)
        if expected and not (found := sha256_of(file)).startswith(expected):
            return Finding("fault", f"{where}: expected sha256 {expected}, found {found}", "fetch the file again")
        return _fits(where, file, getattr(stage.settings, "network", None), bool(expected))
    except (ValueError, OSError) as error:
        return Finding("fault", f"{where}: {error}")


def expected_checksum(file: Path) -> str | None:
    """The SHA-256 in `<file>.sha256` beside it (first word), or the start of it that a torchvision file name holds."""
    beside = file.with_name(file.name + CHECKSUM_ENDING)
    if beside.is_file():
        return (beside.read_text(encoding="utf-8").split() or [""])[0].lower() or None
    match = _HASH_IN_NAME.search(file.name)
    return match[1] if match else None


def _fits(where: str, file: Path, network: str | None, has_checksum: bool) -> Finding:
    state = read_state(file)
    checked = "readable, checksum right" if has_checksum else "readable"
    if network is None:
        return ok(f"{where}: {checked}, {len(state)} tensors")
    layout = detect_layout(state, file)
    fitting = fitting_backbones(shapes_of(layout.translate(state)), layout.absent)
    if network not in fitting:
        fits = " or ".join(fitting) or "no network known here"
        remedy = "choose the network that fits the file, or the file of this network"
        return Finding("fault", f"{where}: expected weights of {network}, but they fit {fits}", remedy)
    return ok(f"{where}: {checked}, {layout.name} names, fits {network}")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
