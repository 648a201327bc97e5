"""IRNet: class boundaries and displacements to instance centres from five features of a frozen backbone (IRN, Ahn et
al., CVPR 2019)."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.network import Network, ParameterGroups

STRIDE = 4
DISPLACEMENT_STRIDE = 8
"""Grid on which the three coarse displacement heads meet."""
EDGE_WIDTH, EDGE_GROUPS = 32, 4
DISPLACEMENT_WIDTHS = (64, 128, 256, 256, 256)
DISPLACEMENT_GROUPS = (8, 16, 16, 16, 16)
JOINT_WIDTH, JOINT_GROUPS = 256, 16
CANVAS_PX = 512
CANVAS_STEP_PX = 16


class MeanShift(nn.Module):
    """Subtracts the mean displacement of the training set, `running_mean` (2,) in cells, in evaluation mode only."""

    running_mean: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 2, h, w) to the same shape."""
        return x if self.training else x - self.running_mean[:, None, None]


def _head(width_in: int, width: int, groups: int, enlargement: int = 1) -> nn.Sequential:
    """1x1 convolution without bias, GroupNorm, bilinear enlargement, ReLU."""
    layers: list[nn.Module] = [nn.Conv2d(width_in, width, 1, bias=False), nn.GroupNorm(groups, width)]
    if enlargement > 1:
        layers.append(nn.Upsample(scale_factor=enlargement, mode="bilinear", align_corners=False))
    return nn.Sequential(*layers, nn.ReLU(inplace=True))


def _cut(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """What enlarging a grid of rounded-up size gives too much is cut off right and below."""
    return x[..., : like.shape[-2], : like.shape[-1]]


class IRNet(Network):
    """A boundary branch and a displacement branch on the backbone's five `edge_taps`, at stride 4.

    The backbone never learns: it stays in evaluation mode and gets no gradient. On ResNet50 at output stride 16 without
    dilation the heads are exactly the published ones; on another backbone only input widths and enlargements differ.
    Layers start with torch's default.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__(backbone)
        backbone.requires_grad_(False)
        backbone.eval()
        taps = backbone.edge_taps
        widths = [backbone.channels[tap] for tap in taps]
        strides = [backbone.strides[tap] for tap in taps]
        for number, (width, stride) in enumerate(zip(widths, strides, strict=True), start=1):
            self.add_module(f"fc_edge{number}", _head(width, EDGE_WIDTH, EDGE_GROUPS, stride // STRIDE))
        self.fc_edge6 = nn.Conv2d(EDGE_WIDTH * len(taps), 1, 1)
        sizes = zip(widths, strides, DISPLACEMENT_WIDTHS, DISPLACEMENT_GROUPS, strict=True)
        for number, (width_in, stride, width, groups) in enumerate(sizes, start=1):
            self.add_module(f"fc_dp{number}", _head(width_in, width, groups, max(1, stride // DISPLACEMENT_STRIDE)))
        coarse_width = sum(DISPLACEMENT_WIDTHS[2:])
        self.fc_dp6 = _head(coarse_width, JOINT_WIDTH, JOINT_GROUPS, DISPLACEMENT_STRIDE // STRIDE)
        joint_width = sum(DISPLACEMENT_WIDTHS[:2]) + JOINT_WIDTH
        self.fc_dp7 = nn.Sequential(
            *_head(joint_width, JOINT_WIDTH, JOINT_GROUPS), nn.Conv2d(JOINT_WIDTH, 2, 1, bias=False)
        )
        self.mean_shift = MeanShift()

    @property
    def stride(self) -> int:
        """Input pixels per cell of the outputs: 4."""
        return STRIDE

    def train(self, mode: bool = True) -> "IRNet":
        """As `nn.Module.train`, but the backbone stays in evaluation mode."""
        super().train(mode)
        self.backbone.eval()
        return self

    def freeze(self) -> None:
        """Nothing more to do: the backbone is frozen from the start."""

    def parameter_groups(self) -> ParameterGroups:
        """The boundary heads and the displacement heads (published factors on the rate: 1 and 10, equal decay for all,
        biases too); the backbone is in no group."""
        names = [name for name, _ in self.named_parameters()]
        edge = [name for name in names if name.startswith("fc_edge")]
        return edge, [name for name in names if name.startswith("fc_dp")]

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Boundary logits (B, 1, h, w), before the sigmoid, and displacements (B, 2, h, w) of a normalised batch.

        The displacement is in cells, channel 0 = dy, 1 = dx, from a cell towards the centre of its instance.
        """
        taps = self._taps(x)
        return self._edge(taps), self._displacement(taps)

    def edge_logits(self, x: torch.Tensor) -> torch.Tensor:
        """The first output of `forward` alone."""
        return self._edge(self._taps(x))

    def _taps(self, x: torch.Tensor) -> list[torch.Tensor]:
        with torch.no_grad():
            features = self.backbone(x)
        return [features[name] for name in self.backbone.edge_taps]

    def _edge(self, taps: list[torch.Tensor]) -> torch.Tensor:
        maps = [self.get_submodule(f"fc_edge{number}")(tap) for number, tap in enumerate(taps, start=1)]
        logits: torch.Tensor = self.fc_edge6(torch.cat([_cut(grid, like=maps[1]) for grid in maps], dim=1))
        return logits

    def _displacement(self, taps: list[torch.Tensor]) -> torch.Tensor:
        maps = [self.get_submodule(f"fc_dp{number}")(tap) for number, tap in enumerate(taps, start=1)]
        coarse = self.fc_dp6(torch.cat([_cut(grid, like=maps[2]) for grid in maps[2:]], dim=1))
        joint = torch.cat([maps[0], maps[1], _cut(coarse, like=maps[1])], dim=1)
        shifted: torch.Tensor = self.mean_shift(self.fc_dp7(joint))
        return shifted


def canvas_of(size_hw: tuple[int, int], smallest_px: int = CANVAS_PX) -> tuple[int, int]:
    """Height and width to which the inference pads an image: at least 512 (published), a multiple of 16 above.

    The original pads to 512x512 and cuts larger images off.
    """
    height, width = (max(smallest_px, -(-side // CANVAS_STEP_PX) * CANVAS_STEP_PX) for side in size_hw)
    return height, width


def edge_and_displacement(
    network: IRNet, image_3HW: torch.Tensor, canvas_hw: tuple[int, int] | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Boundary map (h, w) in 0..1 and displacement (2, h, w) of a normalised image, h = ceil(H/4), w = ceil(W/4).

    Image and left-right mirror are padded with zeros right and below to `canvas_hw` (None: `canvas_of`). The boundary
    is the sigmoid of the mean of both logit maps, the mirror's turned back; the displacement is that of the image
    alone. The mirror runs after the image, without the branch it does not need: the original's batch of two takes twice
    the memory. The network must be in evaluation mode.

    Raises:
        ValueError: the image is larger than the canvas.
    """
    image_13HW, mirror_13HW = _padded_pair(image_3HW, canvas_hw)
    rows, columns = _grid_of(image_3HW)
    logits_11hw, displacement_12hw = network(image_13HW)
    edge_hw = _mean_edge(logits_11hw, network.edge_logits(mirror_13HW), (rows, columns))
    return edge_hw, displacement_12hw[0, :, :rows, :columns]


def edge_map(network: IRNet, image_3HW: torch.Tensor, canvas_hw: tuple[int, int] | None = None) -> torch.Tensor:
    """The first output of `edge_and_displacement` alone, in less time and memory."""
    image_13HW, mirror_13HW = _padded_pair(image_3HW, canvas_hw)
    return _mean_edge(network.edge_logits(image_13HW), network.edge_logits(mirror_13HW), _grid_of(image_3HW))


def _grid_of(image_3HW: torch.Tensor) -> tuple[int, int]:
    """Rows and columns of the output for an image."""
    return -(-image_3HW.shape[-2] // STRIDE), -(-image_3HW.shape[-1] // STRIDE)


def _mean_edge(logits_11hw: torch.Tensor, mirrored_11hw: torch.Tensor, grid_hw: tuple[int, int]) -> torch.Tensor:
    """Boundary map (h, w): both logit maps cut to the grid, the mirror's turned back; sigmoid of their mean."""
    logits_hw, mirrored_hw = (maps[0, 0, : grid_hw[0], : grid_hw[1]] for maps in (logits_11hw, mirrored_11hw))
    return torch.sigmoid((logits_hw + mirrored_hw.flip(-1)) / 2)


def _padded_pair(image_3HW: torch.Tensor, canvas_hw: tuple[int, int] | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Image and mirror on the canvas; ValueError if they do not fit."""
    height, width = image_3HW.shape[-2:]
    canvas_hw = canvas_hw or canvas_of((height, width))
    if height > canvas_hw[0] or width > canvas_hw[1]:
        raise ValueError(f"expected an image of at most {canvas_hw} (H, W) pixels, found {(height, width)}")
    return _padded(image_3HW, canvas_hw), _padded(image_3HW.flip(-1), canvas_hw)


def _padded(image_3HW: torch.Tensor, canvas_hw: tuple[int, int]) -> torch.Tensor:
    """Batch of one, zeros right and below; channels last in memory, the layout in which convolutions are fastest."""
    height, width = image_3HW.shape[-2:]
    padded_3HW = functional.pad(image_3HW, (0, canvas_hw[1] - width, 0, canvas_hw[0] - height))
    return padded_3HW[None].contiguous(memory_format=torch.channels_last)
