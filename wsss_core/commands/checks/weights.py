"""Are the weight files there, are they the right ones, and can they be loaded into the networks they are meant for?"""

import re
from pathlib import Path
from typing import cast

from wsss_core.artifacts.checksum import sha256_of
from wsss_core.checkpoints.clip_file import clip_weights
from wsss_core.checkpoints.deeplab_layout import from_torchvision
from wsss_core.checkpoints.file_names import WEIGHT_SETTINGS, weights_file
from wsss_core.checkpoints.fit import fitting_backbones, shapes_of
from wsss_core.checkpoints.pretrained import detect_layout
from wsss_core.checkpoints.reading import read_state
from wsss_core.checkpoints.torchvision_layouts import TORCHVISION_RESNET
from wsss_core.commands.checks.finding import Finding, ok
from wsss_core.download.public_files import fetched_to
from wsss_core.networks.factory import Role
from wsss_core.settings.graph import Graph, Stage
from wsss_core.settings.paths import where_it_leads
from wsss_core.settings.published import PublishedSettings
from wsss_core.stages.check_names import class_names
from wsss_core.training import published

CLIP = "clip_weights"
CHECKSUM_ENDING = ".sha256"
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8})\.pth$")  # torchvision: vgg16-397923af.pth


def check_weights(graph: Graph) -> list[Finding]:
    """Findings about the files that each stage's settings `weights` and `clip_weights` name.

    Paths are relative to the current folder.
    """
    findings = []
    for stage in graph.stages.values():
        for name in WEIGHT_SETTINGS:
            given = getattr(stage.settings, name, None)
            if given:
                findings.append(_check(graph, stage, name, Path(str(given))))
    return findings


def _check(graph: Graph, stage: Stage, setting: str, path: Path) -> Finding:
    where = f"stage {stage.name!r}: {setting} {path}"
    file = weights_file(path)
    if not file.is_file():
        text = f"stage {stage.name!r}: {setting} {where_it_leads(path)}: no such file"
        return Finding("fault", text, f"{_how_to_get(path)}, or correct the setting `{setting}`")
    try:
        expected = expected_checksum(file)
        if expected and not (found := sha256_of(file)).startswith(expected):
            return Finding("fault", f"{where}: expected sha256 {expected}, found {found}", "fetch the file again")
        checked = "readable, checksum right" if expected else "readable"
        if setting == CLIP:
            size, _ = clip_weights(read_state(file), file)
            return ok(f"{where}: {checked}, a CLIP of {size.image_blocks} blocks, patches of {size.patch} pixels")
        if isinstance(stage.settings, PublishedSettings):
            return _fits_entirely(f"{where}: {checked}", graph, stage, stage.settings)
        return _fits(where, file, getattr(stage.settings, "network", None), checked)
    except (ValueError, OSError) as error:
        return Finding("fault", f"{where}: {error}")


def _how_to_get(path: Path) -> str:
    name = fetched_to(path)
    return "get the file" if name is None else f"`wsss fetch {name}` (with `--offline`: where it comes from)"


def expected_checksum(file: Path) -> str | None:
    """The SHA-256 in `<file>.sha256` beside it (first word), or the start of it that a torchvision file name holds."""
    beside = file.with_name(file.name + CHECKSUM_ENDING)
    if beside.is_file():
        return (beside.read_text(encoding="utf-8").split() or [""])[0].lower() or None
    match = _HASH_IN_NAME.search(file.name)
    return match[1] if match else None


def _fits_entirely(checked: str, graph: Graph, stage: Stage, settings: PublishedSettings) -> Finding:
    """A network that is not trained any more has to be complete, with its head for the classes of the data."""
    names = published.check(settings, cast(Role, stage.kind), class_names(graph.data_of(stage)))
    return ok(f"{checked}, {names} names, is {settings.architecture} on {settings.network}")


def _fits(where: str, file: Path, network: str | None, checked: str) -> Finding:
    state = read_state(file)
    if network is None:
        return ok(f"{where}: {checked}, {len(state)} tensors")
    layout = detect_layout(state, file)
    own = layout.translate(state)
    if network == "resnet101_caffe" and layout is TORCHVISION_RESNET:
        own = from_torchvision(own)
    fitting = fitting_backbones(shapes_of(own), layout.absent)
    if network not in fitting:
        fits = " or ".join(fitting) or "no network known here"
        remedy = "choose the network that fits the file, or the file of this network"
        return Finding("fault", f"{where}: expected weights of {network}, but they fit {fits}", remedy)
    return ok(f"{where}: {checked}, {layout.name} names, fits {network}")
