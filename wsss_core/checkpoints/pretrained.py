"""Loading a published or own weight file into a network, whatever its naming, with clear errors."""

from dataclasses import dataclass
from pathlib import Path

from wsss_core.checkpoints.caffe_layouts import CAFFE_ILSVRC_VGG16, CAFFE_VGG16
from wsss_core.checkpoints.caffe_resnet import CAFFE_RESNET101
from wsss_core.checkpoints.deeplab_layout import DEEPLAB_RESNET101, from_torchvision
from wsss_core.checkpoints.file_names import CARD_NAME, weights_file
from wsss_core.checkpoints.fit import COUNTER, Misfit, Shapes, compare, fitting_backbones, shapes_of
from wsss_core.checkpoints.irn_layout import IRN_LAYOUT
from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.mmseg_layout import MMSEG_MASK2FORMER
from wsss_core.checkpoints.mxnet_layout import MXNET_RESNET38
from wsss_core.checkpoints.one_stage_layout import ONE_STAGE_LAYOUT
from wsss_core.checkpoints.own_layout import OWN_LAYOUT
from wsss_core.checkpoints.psa_layout import LARGEFOV_BY_ORDER, PSA_LAYOUT
from wsss_core.checkpoints.reading import State, read_state
from wsss_core.checkpoints.spml_layout import DEEP_RESNET, SPML_LAYOUT
from wsss_core.checkpoints.store import read_card
from wsss_core.checkpoints.torchvision_layouts import TORCHVISION_RESNET, TORCHVISION_VGG16
from wsss_core.networks.network import Network
from wsss_core.networks.normalisation import Normalisation
from wsss_core.networks.resnet101_caffe import ResNet101Caffe

LAYOUTS = (
    IRN_LAYOUT,  # its aliases (`backbone.0.0.weight`) look like our own names
    OWN_LAYOUT,
    ONE_STAGE_LAYOUT,  # before those whose backbones it has
    PSA_LAYOUT,
    LARGEFOV_BY_ORDER,
    DEEPLAB_RESNET101,
    SPML_LAYOUT,
    DEEP_RESNET,
    TORCHVISION_VGG16,
    TORCHVISION_RESNET,
    MXNET_RESNET38,
    MMSEG_MASK2FORMER,
    CAFFE_ILSVRC_VGG16,  # before the one that asks for less
    CAFFE_VGG16,
    CAFFE_RESNET101,
)
"""In the order in which they are tried."""


class CheckpointError(ValueError):
    """A weight file that is of no known naming, or does not fit the network it was meant for."""


@dataclass(frozen=True)
class LoadedWeights:
    """What `load_pretrained` found."""

    layout: str
    """Name of the file's naming."""
    normalisation: Normalisation
    """Input rule belonging to the weights; also set on the network."""
    left_random: tuple[str, ...]
    """Parameters the file does not hold, which keep their random start."""


def load_pretrained(network: Network, path: Path, with_head: bool = False) -> LoadedWeights:
    """Load a file into `network` in place and give the network the input rule that belongs to the weights.

    Args:
        network: any network of the factory.
        path: a weight file of any kind that `read_state` knows, or the folder of a network saved by `save_network`.
        with_head: False for initial weights: only the backbone is loaded, heads in the file are ignored. True for a
            trained network: every tensor must be there and nothing else.

    Raises:
        FileNotFoundError: no such file.
        CheckpointError: unknown naming, or a misfit; the text names the first missing, unexpected and wrong-shape entry
            and the backbones that would fit.
        ValueError: the file is unreadable.
    """
    path = weights_file(path)
    layout, loaded = fitting_state(network, path, with_head)
    network.load_state_dict(loaded, strict=False)
    network.backbone.normalisation = _normalisation(network, layout, path)
    random = (name for name in network.state_dict() if name not in loaded and not name.endswith(COUNTER))
    return LoadedWeights(layout.name, network.normalisation, tuple(random))


def fitting_state(network: Network, path: Path, with_head: bool) -> tuple[Layout, State]:
    """The naming of a file and what of it goes into `network`, under our names; nothing is loaded.

    Raises as `load_pretrained`.
    """
    state = read_state(path)
    layout = detect_layout(state, path)
    everything = layout.translate(state)
    if layout is TORCHVISION_RESNET and isinstance(network.backbone, ResNet101Caffe):
        everything = from_torchvision(everything)
    chosen, expected = everything, shapes_of(network.state_dict())
    if not with_head:
        chosen = {name: value for name, value in everything.items() if name.startswith("backbone.")}
        expected = {name: shape for name, shape in expected.items() if name.startswith("backbone.")}
    misfit = compare(expected, shapes_of(chosen), absent=() if with_head else layout.absent)
    if misfit:
        raise CheckpointError(_explain(path, layout, misfit, shapes_of(everything)))
    return layout, chosen


def detect_layout(state: State, path: Path) -> Layout:
    """The naming of a state dict.

    Raises:
        CheckpointError: none of the known ones; names the file and its first entries.
    """
    for layout in LAYOUTS:
        if layout.recognises(state):
            return layout
    raise CheckpointError(
        f"{path}: the names in this file are of no known network; expected one of "
        f"{', '.join(layout.name for layout in LAYOUTS)}, found entries such as {', '.join(list(state)[:3])}"
    )


def _normalisation(network: Network, layout: Layout, path: Path) -> Normalisation:
    if layout.normalisation is not None:
        return layout.normalisation
    if layout is OWN_LAYOUT and (path.parent / CARD_NAME).is_file():
        return read_card(path.parent).normalisation
    return network.normalisation


def _explain(path: Path, layout: Layout, misfit: Misfit, found: Shapes) -> str:
    fitting = fitting_backbones(found, layout.absent)
    if fitting:
        heads = sorted({name.split(".")[0] for name in found if not name.startswith("backbone.")})
        remedy = f"this file fits the backbone {' or '.join(fitting)}, with {', '.join(heads) or 'no'} head"
    else:
        remedy = "no backbone known here fits this file; is it complete?"
    return f"{path} ({layout.name} names) does not fit this network: {misfit.describe()}. {remedy}"
