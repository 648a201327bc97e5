"""The text of the configuration that `wsss new` writes for a folder of photographs."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import yaml

from wsss_core.networks.names import NETWORKS
from wsss_core.settings.data import BACKGROUND

_TRAINING_STEPS = 600  # of 16 images: what the small network needs on the generated scenes to settle
_BATCH = 16
_EPOCHS = (15, 100)  # PSA's published number; more than 100 passes over a handful of images only memorise it
_PARTS = 4
_LARGEST_PART = 500


@dataclass(frozen=True)
class Recipe:
    """Optimiser settings that suit a network: rate and momentum, and what the file says about them."""

    learning_rate: float
    momentum: float
    remark: str


_OWN = Recipe(0.02, 0.9, "as in config/quickstart.yaml")
_RESNET = Recipe(0.01, 0.9, "usual for ResNets that start from ImageNet weights")
RECIPES = {
    "small": _OWN,
    "vgg16": Recipe(0.1, 5e-4, "as published with PSA"),
    "resnet38": Recipe(0.01, 5e-4, "as published with PSA; 0.1 diverges"),
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
        return min(_LARGEST_PART, max(1, math.ceil(self.image_count / _PARTS)))

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
            rate=recipe.learning_rate,
            momentum=recipe.momentum,
            remark=recipe.remark,
            epochs=self.epochs,
            segmenter_epochs=max(_EPOCHS[0], self.epochs // 2),
            part_size=self.part_size,
        )


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
    learning_rate: {rate} # {remark}
    momentum: {momentum}
    crop: 320

  cams: # where in the image the classifier sees each tag
    method: multiscale

  affinity_labels: # pairs of places that surely belong together, or surely do not
    method: crf_pair
    splits: [train]

  affinity: # learns from them which neighbours belong together
    method: affinitynet
    network: {network}
    weights: {weights}
    epochs: 15
    batch: 8
    learning_rate: {rate}
    momentum: {momentum}
    crop: 320

  refined_cams: # spreads the maps up to the outlines
    method: random_walk

  seeds: # one label for every pixel
    method: argmax
    inputs: {{cams: refined_cams}}

  # A variant, to be compared in the same report: each region takes one label. Variants share all stages above them.
  seeds_by_region: {{kind: seeds, method: region_vote, inputs: {{cams: refined_cams, regions: regions}}}}

  segmenter: # a network that needs no tags any more
    method: deeplab_v3plus
    network: {network}
    weights: {weights}
    inputs: {{seeds: seeds}}
    epochs: {segmenter_epochs}

  predictions: # masks of all images; of new ones by `wsss predict {name} photo.jpg`
    method: multiscale

  evaluation: {{}} # only where there is ground truth

  report: {{}} # results/{name}/report/report.html
"""
