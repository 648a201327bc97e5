"""Settings of SPML (Ke et al., ICLR 2021): its trainings, its bank, its stage-2 labels and its predictions."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from wsss_core.settings.base import Settings
from wsss_core.settings.crf import CrfSettings, Positive
from wsss_core.settings.paths import WeightsPath
from wsss_core.settings.predictions import Scale
from wsss_core.settings.training import LoopSettings, NetworkName

Clusters = tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=8)]
PositiveInt = Annotated[int, Field(ge=1)]


class SpmlCrfSettings(CrfSettings):
    """Dense CRF with the constants published with SPML."""

    gaussian_sxy: Positive = 1.0
    """Spatial deviation of the smoothness kernel, pixels."""
    gaussian_compat: float = 3.0
    """Weight of the smoothness kernel."""
    bilateral_sxy: Positive = 67.0
    """Spatial deviation of the appearance kernel, pixels."""
    bilateral_srgb: Positive = 3.0
    """Colour deviation of the appearance kernel, grey levels."""
    bilateral_compat: float = 4.0
    """Weight of the appearance kernel."""


class RelationSettings(Settings):
    """One relationship between pixels and segments."""

    concentration: Positive = 6.0
    """Factor on the cosine before the exponential: higher values look at the nearest segments only."""
    weight: Annotated[float, Field(ge=0)] = 0.3
    """Weight of the loss; 0 switches it off."""


class CanvasSettings(Settings):
    """How images of any size go through the network."""

    crop: PositiveInt = 512
    """Side of the network's input, pixels; smaller images are filled up right and below with the mean colour."""
    stride: PositiveInt = 512
    """Larger images are seen in tiles of side `crop` whose ends lie at most this far apart, pixels."""


class KMeansSettings(CanvasSettings):
    """How an image is cut into segments at inference."""

    clusters: Clusters = (12, 12)
    """Rows and columns of the grid from which k-means starts."""
    cluster_iterations: Annotated[int, Field(ge=0)] = 10
    """Iterations of the k-means."""


class AugmentSettings(LoopSettings):
    """Augmentation, optimiser and schedule that both trainings of SPML share."""

    crop: Annotated[int, Field(ge=8)] = 512
    """Side of the random square crop, pixels; outside the image: mean colour, label 255."""
    rescale: tuple[Factor, Factor] = (0.5, 1.5)
    """Image and labels are resized by a random factor in this range (OpenCV bilinear, nearest)."""
    mirror: bool = True
    """Mirror every other image; labels called left and right change places."""
    validation_split: str | None = "val"
    """Split with ground truth on which mIoU is measured during training (one scale, no mirror); null, or a split that
    the data has not: none. It chooses nothing: the last state is kept."""
    batch: int = Field(16, ge=1)
    """Images per optimiser step; an incomplete last batch of an epoch is dropped."""
    optimiser: Literal["sgd", "caffe_sgd", "adam", "adamw"] = "caffe_sgd"
    """Rule of the update. caffe_sgd: SGD with the rate inside the momentum, as published."""
    learning_rate: float = Field(3e-3, gt=0)
    """Rate of the backbone's weights; biases get 2 times, heads 10 times, their biases 20 times as much."""
    warmup_steps: int = Field(100, ge=0)
    """Steps of the warm-up."""
    warmup_from: Annotated[float, Field(ge=0, le=1)] | None = 0.1
    """A share s: in the warm-up the rate is at most lr0 (s + (1 - s) t / `warmup_steps`), and never above the
    schedule's. null: the schedule's rate times a factor that grows from 0."""

    @model_validator(mode="after")
    def _range_in_order(self) -> "AugmentSettings":
        if self.rescale[0] > self.rescale[1]:
            raise ValueError(f"`rescale` must be [smallest, largest], found {list(self.rescale)}")
        return self


class PixelToSegmentSettings(AugmentSettings):
    """Pixel-to-segment contrastive learning: an embedding of every pixel, and a classifier beside it. Defaults are
    those published for tags and boxes on VOC 2012."""

    network: NetworkName = "resnet101_deep"
    """Backbone."""
    architecture: Literal["embedding_deeplab", "embedding_pspnet"] = "embedding_deeplab"
    """Head: DeepLab's summed pyramid with 64 channels (VOC) or PSPNet's with 32 (DensePose)."""
    weights: WeightsPath | None = None
    """File with initial weights of the backbone, or null for a random start."""
    freeze: bool | None = None
    """Keep the first layers as they start; null: exactly when they start from trained weights. BatchNorm of the deep
    ResNets goes on collecting statistics."""
    train_backbone: bool = True
    """Whether the backbone learns, too, as published. False: only embedding head and classifier do, on the features of
    `weights` or of the input `classifier` as they are, which takes half the time and needs fewer images."""
    steps: int | None = Field(30_000, ge=1)
    """Optimiser steps. Give this or `epochs`; the one given switches the other off."""
    clusters: Clusters = (6, 6)
    """Rows and columns of the grid from which k-means starts."""
    cluster_iterations: Annotated[int, Field(ge=0)] = 10
    """Iterations of the k-means."""
    annotation: RelationSettings = RelationSettings(concentration=6, weight=0.3)
    """Segments of the same label; the weight is on the classifier's cross entropy too."""
    co_occurrence: RelationSettings = RelationSettings(concentration=8, weight=0.3)
    """Segments of images that share a tag."""
    image_similarity: RelationSettings = RelationSettings(concentration=16, weight=0.1)
    """Segments of the same region of the over-segmentation, within an image."""
    co_occurrence_by: Literal["tags", "affinity"] = "tags"
    """tags: the labels that an image has somewhere. affinity: the class of the nearest labelled segment of the image
    (the paper's feature affinity for DensePose, which the public script leaves switched off)."""
    affinity_threshold: Annotated[float, Field(ge=-1, le=1)] = 0.95
    """Smallest cosine to the nearest labelled segment; below it a segment counts as of every class."""
    colour: bool = False
    """Group pixels by their colour too, besides embedding and place (DensePose)."""
    located_share: Positive = 1.0
    """Weight of the embedding beside place and colour, when segments are compared by all of them (DensePose: 0.1)."""
    similarity_with_location: bool = True
    """Image similarity compares embeddings with their place (VOC) or alone (DensePose)."""
    memory_steps: Annotated[int, Field(ge=0)] = 2
    """Earlier steps whose segments, those of all processes, pixels are compared with too."""
    min_region_px: Annotated[int, Field(ge=0)] = 100
    """Regions of masks that do not cover the image are filled up to a partition; smaller parts than this join the
    neighbour with the longest border. Partitions stay as they are."""
    dropout: Share = 0.75
    """Dropout of the classifier."""
    clamped_norm: bool = False
    """BatchNorm in the form of the published training on several GPUs, 1 / sqrt(max(var, eps)); slower, and different
    for channels that hardly vary."""


class PixelClassifierSettings(AugmentSettings):
    """The softmax classifier on the frozen embedding of the input `segmenter`; it starts at random."""

    rescale: tuple[Factor, Factor] = (0.5, 2.0)
    """Image and labels are resized by a random factor in this range (OpenCV bilinear, nearest)."""
    steps: int | None = Field(4_000, ge=1)
    """Optimiser steps. Give this or `epochs`; the one given switches the other off."""
    dropout: Share = 0.65
    """Dropout of the classifier."""
    grey_and_blur: bool = True
    """Make three images of ten grey, and blur every other one."""


class SegmentBankSettings(KMeansSettings):
    """Prototypes of the segments of all images of the stage's splits, with the labels of the input `seeds`."""

    scales: Annotated[tuple[Scale, ...], Field(min_length=1)] = (0.5, 1.0, 1.5)
    """Factors by which the image is resized; each gives segments of its own."""
    long_side: PositiveInt | None = None
    """Resize every image to this longer side instead, pixels."""


class ViewSettings(KMeansSettings):
    """How many sizes and mirrors of an image are asked."""

    scales: Annotated[tuple[Scale, ...], Field(min_length=1)] = (0.5, 0.75, 1.0, 1.25, 1.5)
    """Factors by which the image is resized."""
    mirror: bool = True
    """Ask the left-right mirror of every scale, too."""


class PixelSoftmaxSettings(ViewSettings):
    """Label maps of the softmax classifier, which reads the embedding of every pixel."""

    long_side: PositiveInt | None = None
    """One view with this longer side, pixels, in place of scales and mirrors; a CRF then works at that size."""
    crf: SpmlCrfSettings | None = SpmlCrfSettings()
    """Dense CRF on the probabilities; null = none."""
    confidence: bool = False
    """Store the probability of the chosen label, too."""


class SegmentRetrievalSettings(PixelSoftmaxSettings):
    """Label maps by the nearest segments of a bank."""

    neighbours: PositiveInt = 20
    """Segments of the bank that vote."""


class WalkSettings(Settings):
    """A random walk between cells of alike embeddings, on an eighth of the image's sides."""

    crop: PositiveInt = 512
    """Smaller images are filled up right and below with the mean colour to this side, pixels; larger ones run whole."""
    sharpness: Positive = 5.0
    """Affinity of two cells: exp(sharpness (cosine - 1))."""
    power: Positive = 20.0
    """Exponent of the affinity, element by element."""
    log2_steps: Annotated[int, Field(ge=0, le=12)] = 6
    """The walk has 2^this steps."""
    crf: SpmlCrfSettings | None = SpmlCrfSettings()
    """Dense CRF on the walked scores; null = none."""


class CamEmbeddingWalkSettings(WalkSettings):
    """CAMs walked over the embedding: first pseudo labels from tags."""

    alpha: Positive = 6.0
    """Background score (1 - largest CAM)^alpha, where the CAMs bring none of their own."""


class ClassifierEmbeddingWalkSettings(WalkSettings):
    """Probabilities of the classifier walked over the embedding, for the classes that the input `seeds` has."""

    scales: Annotated[tuple[Scale, ...], Field(min_length=1)] = (1.0,)
    """Factors by which the image is resized; each also with its mirror image."""
    average: Literal["softmax", "logits"] = "softmax"
    """What is averaged over the views."""


class LabelEmbeddingWalkSettings(WalkSettings):
    """Labels of points handed to like pixels, then walked over the embedding (DensePose)."""

    clusters: Clusters = (24, 24)
    """Rows and columns of the grid from which k-means starts."""
    cluster_iterations: Annotated[int, Field(ge=0)] = 10
    """Iterations of the k-means."""
    min_region_px: Annotated[int, Field(ge=0)] = 100
    """As in the training."""


class RetrievedSeedsSettings(ViewSettings):
    """Pseudo labels by the nearest segments of a bank."""

    scales: Annotated[tuple[Scale, ...], Field(min_length=1)] = (0.5, 1.0, 1.5, 2.0)
    """Factors by which the image is resized."""
    neighbours: PositiveInt = 20
    """Segments of the bank that vote."""
    smallest_peak: Positive = 0.15
    """Scores of a class of the input `seeds` are divided by their maximum over the image, or by this where it is
    larger; those of other classes stay."""
    crf: SpmlCrfSettings | None = SpmlCrfSettings()
    """Dense CRF on the scores; null = none."""
