"""Settings of the `regions` methods."""

from typing import Annotated, Literal

from pydantic import Field

from wsss_core.settings.base import Settings
from wsss_core.settings.paths import InputPath
from wsss_core.settings.precomputed import Files, PrecomputedSettings

Positive = Annotated[float, Field(gt=0)]
UnitInterval = Annotated[float, Field(ge=0, le=1)]


class FelzenszwalbSettings(Settings):
    """Graph-based segmentation (Felzenszwalb & Huttenlocher, IJCV 2004), the implementation of scikit-image."""

    scale: Positive = 100.0
    """Observation level: larger values make larger regions."""
    sigma_px: Annotated[float, Field(ge=0)] = 0.8
    """Width of the Gaussian that smooths the image first, pixels."""
    min_size_px: Annotated[int, Field(ge=1)] = 50
    """Smaller regions are merged into a neighbour, pixels."""


class SlicSettings(Settings):
    """SLIC superpixels (Achanta et al., PAMI 2012), the implementation of scikit-image in CIE Lab."""

    n_regions: Annotated[int, Field(ge=1)] = 250
    """Wanted number of superpixels; the number made differs a little."""
    compactness: Positive = 10.0
    """Weight of nearness against likeness of colour: larger values make squarer superpixels."""
    sigma_px: Annotated[float, Field(ge=0)] = 1.0
    """Width of the Gaussian that smooths the image first, pixels."""
    iterations: Annotated[int, Field(ge=1)] = 10
    """Rounds of k-means."""


class PrecomputedRegionsSettings(PrecomputedSettings):
    """Regions made elsewhere: one file per image, named by its id, a label map or a list of masks."""

    folder: InputPath
    """Folder of the files `<image id>.png` (label map, 8 or 16 bits: pixels of one value are one region) or
    `<image id>.json` (list of masks as COCO RLE, or as written by Segment Anything)."""
    void_label: Annotated[int, Field(ge=0, le=65535)] | None = None
    """Value of label maps that marks pixels in no region, such as the borders of watershed maps; none by default."""

    def files(self) -> tuple[Files, ...]:
        """One folder, in which an image has a PNG or a JSON file."""
        return (Files("folder", self.folder, ("{id}.png", "{id}.json")),)


class MaskGeneratorSettings(Settings):
    """Automatic masks from a grid of points (SAM, Kirillov et al., ICCV 2023)."""

    points_per_side: Annotated[int, Field(ge=1, le=128)] = 16
    """Points of the grid along each side of the image; time grows with the square."""
    prompts_per_batch: Annotated[int, Field(ge=1)] = 4
    """Points decoded together. A matter of memory and speed, not of results; about 4 are fastest on a CPU."""
    predicted_iou_threshold: UnitInterval = 0.80
    """Masks are kept when the network's own estimate of their IoU is above this. SAM's own default is 0.88. On 15 train
    images of PASCAL VOC, 0.80 with a stability of 0.85 covers 94 % of the pixels and allows a mIoU of 0.94; 0.86 with
    0.92 covers 89 % and allows 0.91, in the same time."""
    stability_threshold: UnitInterval = 0.85
    """Masks are kept when their stability score is at least this. SAM's own default is 0.95."""
    stability_offset: Positive = 1.0
    """Stability is the IoU of the masks cut at logits of plus and minus this."""
    box_nms_threshold: UnitInterval = 0.7
    """Of two masks whose boxes overlap by a larger IoU, the one with the lower predicted IoU is dropped."""
    min_area_px: Annotated[int, Field(ge=0)] = 100
    """Holes and islands below this are mended in each mask, and smaller masks are dropped, pixels of the image."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network. bfloat16 takes half the time where the processor has it (AVX512-BF16, AMX, GPUs);
    masks then agree with those of float32 to an IoU of 0.99 on average."""


class MobileSamSettings(MaskGeneratorSettings):
    """Automatic masks of MobileSAM (Zhang et al., 2023)."""

    weights: InputPath = "weights/mobile_sam.pt"
    """File with the published weights (`mobile_sam.pt`, 40 MB, of the MobileSAM repository)."""
