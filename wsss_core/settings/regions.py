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
    `<image id>.json` (list of masks as COCO RLE, or as written by Segment Anything) or `<image id>.pkl` (the pickled
    masks of FMA-WSSS)."""
    void_label: Annotated[int, Field(ge=0, le=65535)] | None = None
    """Value of label maps that marks pixels in no region, such as the borders of watershed maps; none by default."""

    def files(self) -> tuple[Files, ...]:
        """One folder, in which an image has a PNG, a JSON or a pickled file."""
        return (Files("folder", self.folder, ("{id}.png", "{id}.json", "{id}.pkl")),)


PerLevel = tuple[float, float, float]


class SamSettings(Settings):
    """Automatic masks of Segment Anything (Kirillov et al., ICCV 2023) from grids of points, on the whole image and on
    crops, as FMA-WSSS (WACV 2024) makes them: wholes are favoured, and parts go that larger masks contain.

    Levels are SAM's three answers to a point: 0 subpart, 1 part, 2 whole."""

    network: Literal["vit_b", "vit_l", "vit_h", "mobile_sam"] = "vit_h"
    """The network; mobile_sam has a small image encoder (Zhang et al., 2023) and is the one for CPUs."""
    weights: InputPath = "weights/sam_vit_h_4b8939.pth"
    """The published weights: a file of Segment Anything or MobileSAM, or a folder of the Hugging Face hub."""
    points_per_side: Annotated[int, Field(ge=1, le=128)] = 32
    """Points of the grid along each side of the image; time grows with the square."""
    crop_layers: Annotated[int, Field(ge=0, le=4)] = 1
    """Rounds of crops besides the whole image: 1 adds 2 x 2 crops, 2 adds 4 x 4 to those, and so on."""
    crop_overlap: Annotated[float, Field(ge=0, lt=1)] = 512 / 1500
    """Overlap of neighbouring crops of the first round, as a part of the image's shorter side; halved in each round."""
    crop_points_divisor: Annotated[int, Field(ge=1)] = 2
    """In each round of crops the points per side are divided by this once more."""
    predicted_iou_threshold: UnitInterval = 0.86
    """Masks are kept when the network's own estimate of their IoU is above this (SAM: 0.88); 0: all."""
    threshold_offsets: PerLevel = (0.0, 0.0, 0.1)
    """Added to the estimate for that comparison, by level."""
    stability_threshold: UnitInterval = 0.92
    """Masks are kept when their stability score is at least this (SAM: 0.95); 0: all."""
    stability_biases: PerLevel = (0.0, 0.0, 0.0)
    """Added to the stability score for that comparison, by level."""
    stability_offset: Positive = 1.0
    """Stability is the IoU of the masks cut at `mask_threshold` plus and minus this."""
    mask_threshold: float = 0.0
    """A pixel belongs to a mask when its logit is above this."""
    box_nms_threshold: UnitInterval = 0.7
    """Of two masks of a crop whose boxes overlap by a larger IoU, the one with the lower estimate is dropped."""
    ranking_offsets: PerLevel = (0.0, 0.0, 1.0)
    """Added to the estimate for that comparison, by level; 1 lets every whole win over parts."""
    crop_nms_threshold: UnitInterval = 0.7
    """The same between crops, where masks of smaller crops win."""
    min_area_px: Annotated[int, Field(ge=0)] = 100
    """Holes and islands below this are mended in each mask, pixels of the image; mended masks give way to untouched
    ones of nearly the same box. 0: nothing is mended."""
    containment_threshold: UnitInterval | None = 0.3
    """Parts and subparts stay when less than this part of them lies in any kept mask of a higher level; null: all."""
    smallest_mask_px: Annotated[int, Field(ge=0)] = 0
    """Masks with fewer pixels are dropped at the end. Published: 0, even empty masks stay."""
    measure_on: Literal["image", "grid"] = "image"
    """Where stability and boxes are measured: on masks at the crop's size, as published, or on the decoder's logits (a
    quarter of the network's input), which is faster and decides a few masks otherwise."""
    prompts_per_batch: Annotated[int, Field(ge=1)] | None = None
    """Points decoded together: a matter of memory and speed, not of results. null: 4 on a CPU, where that is fastest;
    on a GPU what half of its free memory takes. When memory runs out all the same, the batch is halved."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network. bfloat16 takes half the time where the processor has it (AVX512-BF16, AMX, GPUs);
    masks then agree with those of float32 to an IoU of 0.99 on average."""


class MobileSamSettings(SamSettings):
    """The method `sam` with other defaults: MobileSAM, a coarser grid without crops, laxer thresholds, no level
    favoured. A photograph takes seconds on a CPU.

    On 15 train images of PASCAL VOC, an IoU above 0.80 with a stability of 0.85 covers 94 % of the pixels and allows a
    mIoU of 0.94; 0.86 with 0.92 covers 89 % and allows 0.91, in the same time."""

    network: Literal["vit_b", "vit_l", "vit_h", "mobile_sam"] = "mobile_sam"
    """The network."""
    weights: InputPath = "weights/mobile_sam.pt"
    """File with the published weights (`mobile_sam.pt`, 40 MB, of the MobileSAM repository)."""
    points_per_side: Annotated[int, Field(ge=1, le=128)] = 16
    """Points of the grid along each side of the image; time grows with the square."""
    crop_layers: Annotated[int, Field(ge=0, le=4)] = 0
    """Rounds of crops besides the whole image: 1 adds 2 x 2 crops, 2 adds 4 x 4 to those, and so on."""
    predicted_iou_threshold: UnitInterval = 0.80
    """Masks are kept when the network's own estimate of their IoU is above this (SAM: 0.88); 0: all."""
    threshold_offsets: PerLevel = (0.0, 0.0, 0.0)
    """Added to the estimate for that comparison, by level."""
    stability_threshold: UnitInterval = 0.85
    """Masks are kept when their stability score is at least this (SAM: 0.95); 0: all."""
    ranking_offsets: PerLevel = (0.0, 0.0, 0.0)
    """Added to the estimate where masks of nearly the same box are compared, by level."""
    containment_threshold: UnitInterval | None = None
    """Parts and subparts stay when less than this part of them lies in any kept mask of a higher level; null: all."""
    smallest_mask_px: Annotated[int, Field(ge=0)] = 100
    """Masks with fewer pixels are dropped at the end."""
    measure_on: Literal["image", "grid"] = "grid"
    """Where stability and boxes are measured: on masks at the crop's size, as published, or on the decoder's logits (a
    quarter of the network's input), which is faster and decides a few masks otherwise."""
