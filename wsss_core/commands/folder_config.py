"""The text of the configuration that `wsss new` writes for a folder of photographs."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from wsss_core.networks.names import NETWORKS
from wsss_core.settings.data import BACKGROUND

_TRAINING_STEPS = 900  # of 16 images: what config/quickstart.yaml takes for the small network
_BATCH = 16
_EPOCHS = (15, 100)  # PSA's published number; more than 100 passes over a handful of images only memorise it
_PARTS = 4
_SMALLEST_PART = 20  # below, starting the job takes longer than its work
_LARGEST_PART = 500


@dataclass(frozen=True)
class Recipe:
    """How the networks of an experiment learn: settings of each training, and what the file says about them."""

    classifier: Mapping[str, object]
    affinity: Mapping[str, object]
    segmenter: Mapping[str, object]
    remark: str


_ADAMW: Mapping[str, object] = {"optimiser": "adamw", "momentum": 0.9, "new_layer_rate": 1}
_SMALL = Recipe(
    {**_ADAMW, "learning_rate": 0.004, "weight_decay": 0.01, "warmup_steps": 60},
    {**_ADAMW, "learning_rate": 0.002},
    {**_ADAMW, "learning_rate": 0.003, "weight_decay": 0.01, "freeze": False},
    "as in config/quickstart.yaml",
)
_HEADS = {**_ADAMW, "learning_rate": 0.002, "train_backbone": False}
_FINE = {**_ADAMW, "learning_rate": 0.00015, "new_layer_rate": 10, "weight_decay": 0.01, "balance": "foreground"}


def _pretrained(learning_rate: float, momentum: float, remark: str) -> Recipe:
    """Of networks that start from ImageNet weights; what follows the classifier is as on docs/real-images.md."""
    return Recipe({"learning_rate": learning_rate, "momentum": momentum}, _HEADS, _FINE, remark)


_RESNET = _pretrained(0.01, 0.9, "usual for ResNets that start from ImageNet weights")
RECIPES = {
    "small": _SMALL,
    "vgg16": _pretrained(0.1, 5e-4, "as published with PSA"),
    "resnet38": _pretrained(0.01, 5e-4, "as published with PSA; 0.1 diverges"),
    **{name: _RESNET for name in NETWORKS if name.startswith("resnet") and name != "resnet38"},
}


@dataclass(frozen=True)
class FolderConfig:
    """What the file is made from. `tags` None: one sub-folder per class. `image_count` decides on epochs and parts."""

    name: str
    images: Path
    tags: Path | None
    truth: Path | None
    network: str
    weights: Path | None
    image_count: int
    tag_source: str = "tags"
    classes: tuple[str, ...] = ()
    unlisted_tags: str = "refuse"
    no_class: tuple[str, ...] = (BACKGROUND,)

    @property
    def epochs(self) -> int:
        """Passes over the images that make a sufficient number of training steps."""
        low, high = _EPOCHS
        return min(high, max(low, math.ceil(_TRAINING_STEPS * _BATCH / self.image_count)))

    @property
    def part_size(self) -> int:
        """Images per part: a few parts for a small set, so that the cores share the work and a stop loses little."""
        return min(_LARGEST_PART, max(_SMALLEST_PART, math.ceil(self.image_count / _PARTS)))

    def text(self) -> str:
        """The configuration as commented YAML."""
        recipe = RECIPES[self.network]
        return _TEXT.format(
            name=self.name,
            quoted_name=_plain_or_quoted(self.name),
            count=self.image_count,
            images=_quoted(self.images),
            tags=_quoted(self.tags),
            truth=_quoted(self.truth),
            tag_source=self.tag_source,
            classes=json.dumps(self.classes, ensure_ascii=False),
            unlisted_tags=self.unlisted_tags,
            no_class=json.dumps(self.no_class, ensure_ascii=False),
            network=self.network,
            weights=_quoted(self.weights),
            classifier=_lines(recipe.classifier, recipe.remark),
            affinity=_lines(recipe.affinity),
            segmenter=_lines(recipe.segmenter),
            epochs=self.epochs,
            segmenter_epochs=max(_EPOCHS[0], self.epochs // 2),
            part_size=self.part_size,
        )


def _lines(settings: Mapping[str, object], remark: str = "") -> str:
    """Settings of a stage as lines of YAML, the remark behind the first."""
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in settings.items()}
    lines = [f"    {key}: {text}" for key, text in texts.items()]
    return "\n".join([f"{lines[0]} # {remark}" if remark else lines[0], *lines[1:]])


def _plain_or_quoted(name: str) -> str:
    """A name as YAML; in quotes where YAML would take it for a number or a date, such as the folder 2024."""
    return name if yaml.safe_load(name) == name else json.dumps(name)


def _quoted(value: Path | None) -> str:
    """A path as a YAML text (JSON's notation is YAML, too), or null."""
    return "null" if value is None else json.dumps(str(value), ensure_ascii=False)


_TEXT = """\
# From {count} tagged photographs to pixel masks and a segmentation network.
# Every setting has a default, and wrong ones are refused with the right ones named. A changed setting reruns its own
# stage and what follows, nothing else.
experiment: {quoted_name}
description: ""
seed: 0
compute:
  device: auto # the GPU if there is one

stages:
  data: # photographs and tags; `wsss doctor` shows how many images each class has
    method: folder
    images: {images}
    tags: {tags} # CSV with the columns file,tags (`;` between tags), or annotations; null: one sub-folder per class
    tag_source: {tag_source} # masks: the classes in the masks of `truth`
    classes: {classes} # in the order of their label ids 1, 2, ...; empty: all tags by alphabet
    unlisted_tags: {unlisted_tags} # drop: leave out tags that are not in `classes`
    no_class: {no_class} # tags that say that no class is on the image
    truth: {truth} # folder of label PNGs for evaluation, if you have some
    val_fraction: 0.2 # share of the images that no network is trained on
    skip_bad: false # true: leave out unreadable images and list them in the report
    part_size: {part_size} # images per job

  regions: # outlines without names, from colours alone; `mobile_sam` is much better where its weights are at hand
    method: felzenszwalb

  classifier: # learns the tags
    method: psa
    network: {network} # small, vgg16, resnet18, resnet34, resnet50, resnet101, resnet38
    weights: {weights} # ImageNet weights of that network make all masks much better; `small` starts without
    epochs: {epochs}
{classifier}
    crop: 320

  cams: # where in the image the classifier sees each tag
    method: multiscale

  affinity_labels: # pairs of places that surely belong together, or surely do not
    method: crf_pair
    splits: [train]
    alpha_low: 1.5 # for the wide maps of a short training, see docs/real-images.md; PSA's own: 4 and 32
    alpha_high: 8

  affinity: # learns from them which neighbours belong together
    method: affinitynet
    network: {network}
    inputs: {{classifier: classifier}} # begins with what it has learnt
    epochs: 15
    batch: 8
{affinity}
    crop: 320

  refined_cams: # spreads the maps up to the outlines
    method: random_walk
    alpha: 2 # PSA's own: 16, and 8 for 256 steps
    log2_steps: 5 # 32 steps

  seeds: # one label for every pixel
    method: argmax
    inputs: {{cams: refined_cams}}

  # A variant, to be compared in the same report: each region takes one label. Variants share all stages above them.
  seeds_by_region: {{kind: seeds, method: region_vote, inputs: {{cams: refined_cams, regions: regions}}}}

  segmenter: # a network that needs no tags any more
    method: deeplab_v3plus
    network: {network}
    inputs: {{classifier: classifier, seeds: seeds}}
    epochs: {segmenter_epochs}
{segmenter}

  predictions: # masks of all images; of new ones by `wsss predict {name} photo.jpg`
    method: multiscale

  evaluation: {{}} # only where there is ground truth

  report: {{}} # results/{name}/report/report.html
"""
