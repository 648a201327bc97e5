"""Which methods exist: kind x method -> settings model, implementing module, input slots.

Strings only, so that reading the table imports no method, and adding a line changes no stage's code fingerprint.
A new method is one module, one settings model and one line here.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

PER_IMAGE_KINDS = (
    "regions",
    "saliency",
    "cams",
    "affinity_labels",
    "refined_cams",
    "seeds",
    "instances",
    "predictions",
)
TRAINING_KINDS = ("classifier", "affinity", "segmenter")
KINDS = (
    "data",
    "regions",
    "saliency",
    "classifier",
    "cams",
    "affinity_labels",
    "affinity",
    "refined_cams",
    "seeds",
    "instances",
    "segmenter",
    "predictions",
    "evaluation",
    "report",
)
EVALUATED_KINDS = ("regions", "cams", "refined_cams", "seeds", "instances", "predictions")

_NO_SLOTS: Mapping[str, "Slot"] = MappingProxyType({})


@dataclass(frozen=True)
class Slot:
    """A named input of a method: the kinds of stage it takes.

    `methods`: of those kinds, only the stages of these methods, or with networks of these
    architectures; empty: of any. `many`: any number of stages, by default
    all that fit. `optional`: may stay empty, and does unless the file names a stage; with `assumed`, the stage that
    fits is taken all the same. `ask`: in an experiment with stages of several of the kinds, the file must say which one
    is meant.
    """

    kinds: tuple[str, ...]
    methods: tuple[str, ...] = ()
    optional: bool = False
    many: bool = False
    assumed: bool = False
    ask: bool = False


@dataclass(frozen=True)
class Method:
    """One way to make a kind. `settings` is "module:class", `module` holds `processor`, `train` or the like.

    `foreign`: makes nothing but takes files that others made, and so is never meant where a stage names no method.
    `named`: never meant there either, so that files written before there was this method mean what they meant.
    """

    settings: str
    module: str
    slots: Mapping[str, Slot] = field(default_factory=lambda: _NO_SLOTS)
    foreign: bool = False
    named: bool = False


_CAMS = Slot(("cams", "refined_cams"))
_CAMS_OF_SEEDS = Slot(("cams", "refined_cams"), ask=True)  # else seeds of the plain ones, by oversight
_REGIONS = Slot(("regions",))
_SALIENCY = Slot(("saliency",))
_CLASSIFIER = Slot(("classifier",))
_OPTIONAL_CLASSIFIER = Slot(("classifier",), optional=True)
_SETTINGS = "wsss_core.settings"
_DRAWN, _SPML = f"{_SETTINGS}.drawn_seeds", f"{_SETTINGS}.spml"
_EMBEDDING_NETWORKS = ("pixel_to_segment", "embedding_deeplab", "embedding_pspnet")
_CLASSIFYING = ("pixel_classifier", *_EMBEDDING_NETWORKS)
_EMBEDDING = Slot(("segmenter",), methods=_EMBEDDING_NETWORKS)
_BANK = Slot(("segmenter",), methods=("segment_bank",))
_FIRST_SEEDS = Slot(("seeds",))
_CAM_FILES = Method(f"{_SETTINGS}.precomputed:PrecomputedCamsSettings", "wsss_core.cams.precomputed", foreign=True)
_LABEL_FILES = f"{_SETTINGS}.precomputed:PrecomputedLabelsSettings"
_LABEL_MAPS = Method(_LABEL_FILES, "wsss_core.seeds.precomputed", foreign=True)
_PUBLISHED = "wsss_core.training.published"  # one for all kinds: a network from a file instead of a training

METHODS: Mapping[str, Mapping[str, Method]] = {
    "data": {
        "scenes": Method(f"{_SETTINGS}.data:ScenesSettings", "wsss_core.data.scenes"),
        "densepose": Method(f"{_SETTINGS}.densepose:DensePoseSettings", "wsss_core.data.densepose"),
        "voc": Method(f"{_SETTINGS}.data:VocSettings", "wsss_core.data.voc"),
        "coco": Method(f"{_SETTINGS}.data:CocoSettings", "wsss_core.data.coco"),
        "folder": Method(f"{_SETTINGS}.data:FolderSettings", "wsss_core.data.folder"),
    },
    "regions": {
        "felzenszwalb": Method(f"{_SETTINGS}.regions:FelzenszwalbSettings", "wsss_core.regions.felzenszwalb"),
        "slic": Method(f"{_SETTINGS}.regions:SlicSettings", "wsss_core.regions.slic"),
        "precomputed": Method(
            f"{_SETTINGS}.regions:PrecomputedRegionsSettings", "wsss_core.regions.precomputed", foreign=True
        ),
        "sam": Method(f"{_SETTINGS}.regions:SamSettings", "wsss_core.regions.sam"),
        "mobile_sam": Method(f"{_SETTINGS}.regions:MobileSamSettings", "wsss_core.regions.sam"),
    },
    "saliency": {
        "u2net": Method(f"{_SETTINGS}.saliency:U2NetSettings", "wsss_core.saliency.u2net"),
        "precomputed": Method(
            f"{_SETTINGS}.saliency:PrecomputedSaliencySettings", "wsss_core.saliency.precomputed", foreign=True
        ),
    },
    "classifier": {
        "psa": Method(f"{_SETTINGS}.classifier:PsaClassifierSettings", "wsss_core.classifiers.psa"),
        "irn": Method(f"{_SETTINGS}.classifier:IrnClassifierSettings", "wsss_core.classifiers.irn"),
        "eps": Method(
            f"{_SETTINGS}.classifier:EpsClassifierSettings", "wsss_core.classifiers.eps", {"saliency": _SALIENCY}
        ),
        "published": Method(f"{_SETTINGS}.classifier:PublishedClassifierSettings", _PUBLISHED, foreign=True),
        "prompts": Method(
            f"{_SETTINGS}.prompts:PromptsSettings",
            "wsss_core.classifiers.prompts",
            {"seeds": Slot(("seeds",), optional=True)},
        ),
        "published_prompts": Method(
            f"{_SETTINGS}.prompts:PublishedPromptsSettings", "wsss_core.classifiers.published_prompts", foreign=True
        ),
    },
    "cams": {
        "multiscale": Method(
            f"{_SETTINGS}.cams:MultiscaleCamsSettings", "wsss_core.cams.multiscale", {"classifier": _CLASSIFIER}
        ),
        "gradcam": Method(
            f"{_SETTINGS}.cams:GradcamSettings",
            "wsss_core.cams.gradcam",
            {"classifier": Slot(("classifier",), methods=("prompts",))},
            named=True,
        ),
        "precomputed": _CAM_FILES,
    },
    "affinity_labels": {
        "crf_pair": Method(
            f"{_SETTINGS}.affinity_labels:CrfPairSettings", "wsss_core.affinity.crf_pair", {"cams": _CAMS}
        ),
        "ir_label": Method(
            f"{_SETTINGS}.affinity_labels:IrLabelSettings", "wsss_core.affinity.ir_label", {"cams": _CAMS}
        ),
        "precomputed": Method(
            f"{_SETTINGS}.precomputed:PrecomputedPairSettings", "wsss_core.affinity.precomputed", foreign=True
        ),
        "precomputed_ir_label": Method(_LABEL_FILES, "wsss_core.affinity.precomputed_ir_label", foreign=True),
    },
    "affinity": {
        "affinitynet": Method(
            f"{_SETTINGS}.affinity:AffinityNetSettings",
            "wsss_core.affinity.affinitynet",
            {
                "affinity_labels": Slot(("affinity_labels",), methods=("crf_pair", "precomputed")),
                "classifier": _OPTIONAL_CLASSIFIER,
            },
        ),
        "irnet": Method(
            f"{_SETTINGS}.affinity:IRNetSettings",
            "wsss_core.affinity.irnet",
            {
                "affinity_labels": Slot(("affinity_labels",), methods=("ir_label", "precomputed_ir_label")),
                "classifier": _OPTIONAL_CLASSIFIER,
            },
        ),
        "published": Method(f"{_SETTINGS}.affinity:PublishedAffinitySettings", _PUBLISHED, foreign=True),
    },
    "refined_cams": {
        "random_walk": Method(
            f"{_SETTINGS}.refined_cams:RandomWalkSettings",
            "wsss_core.affinity.random_walk",
            {"cams": _CAMS, "affinity": Slot(("affinity",), methods=("affinitynet",))},
        ),
        "boundary_walk": Method(
            f"{_SETTINGS}.refined_cams:BoundaryWalkSettings",
            "wsss_core.affinity.boundary_walk",
            {"cams": _CAMS, "affinity": Slot(("affinity",), methods=("irnet",))},
        ),
        "class_aware_attention": Method(
            f"{_SETTINGS}.refined_cams:ClassAwareAttentionSettings",
            "wsss_core.affinity.class_aware_attention",
            {
                "cams": Slot(("cams",), methods=("gradcam",)),
                "classifier": Slot(("classifier",), methods=("prompts",), optional=True),
            },
        ),
        "pamr": Method(f"{_SETTINGS}.refined_cams:PamrSettings", "wsss_core.affinity.pamr", {"cams": _CAMS}),
        "precomputed": _CAM_FILES,
    },
    "seeds": {
        "argmax": Method(f"{_SETTINGS}.seeds:ArgmaxSettings", "wsss_core.seeds.argmax", {"cams": _CAMS_OF_SEEDS}),
        "crf": Method(f"{_SETTINGS}.seeds:CrfSeedsSettings", "wsss_core.seeds.crf", {"cams": _CAMS_OF_SEEDS}),
        "region_vote": Method(
            f"{_SETTINGS}.seeds:RegionVoteSettings",
            "wsss_core.seeds.region_vote",
            {"cams": _CAMS_OF_SEEDS, "regions": _REGIONS},
        ),
        "sams": Method(
            f"{_SETTINGS}.seeds:SamsSettings",
            "wsss_core.seeds.sams",
            {"cams": _CAMS_OF_SEEDS, "regions": _REGIONS},
        ),
        "from_boxes": Method(
            f"{_DRAWN}:FromBoxesSettings", "wsss_core.seeds.from_boxes", {"cams": Slot(_CAMS.kinds, optional=True)}
        ),
        "from_scribbles": Method(f"{_DRAWN}:FromScribblesSettings", "wsss_core.seeds.from_scribbles"),
        "from_points": Method(f"{_DRAWN}:FromPointsSettings", "wsss_core.seeds.from_points"),
        "cam_embedding_walk": Method(
            f"{_SPML}:CamEmbeddingWalkSettings",
            "wsss_core.seeds.cam_embedding_walk",
            {"cams": _CAMS_OF_SEEDS, "segmenter": _EMBEDDING},
        ),
        "classifier_embedding_walk": Method(
            f"{_SPML}:ClassifierEmbeddingWalkSettings",
            "wsss_core.seeds.classifier_embedding_walk",
            {"seeds": _FIRST_SEEDS, "segmenter": Slot(("segmenter",), methods=_CLASSIFYING)},
        ),
        "label_embedding_walk": Method(
            f"{_SPML}:LabelEmbeddingWalkSettings",
            "wsss_core.seeds.label_embedding_walk",
            {"seeds": _FIRST_SEEDS, "regions": _REGIONS, "segmenter": _EMBEDDING},
        ),
        "segment_retrieval": Method(
            f"{_SPML}:RetrievedSeedsSettings",
            "wsss_core.seeds.segment_retrieval",
            {"seeds": _FIRST_SEEDS, "segmenter": _BANK},
        ),
        "precomputed": _LABEL_MAPS,
        "corrected": Method(
            f"{_SETTINGS}.seeds:CorrectedSettings",
            "wsss_core.seeds.corrected",
            {"seeds": Slot(("seeds", "predictions"), ask=True)},
        ),
    },
    "instances": {
        "boundary_walk": Method(
            f"{_SETTINGS}.instances:BoundaryInstancesSettings",
            "wsss_core.instances.boundary_walk",
            {"cams": Slot(("cams",)), "affinity": Slot(("affinity",), methods=("irnet",))},
        ),
    },
    "segmenter": {
        **{
            name: Method(
                f"{_SETTINGS}.segmenter:{model}",
                "wsss_core.segmenters.deeplab",
                {
                    "seeds": Slot(("seeds", "predictions"), optional=True, assumed=True),
                    "classifier": _OPTIONAL_CLASSIFIER,
                },
            )
            for name, model in {
                "deeplab_v1": "DeepLabV1Settings",
                "deeplab_v2": "DeepLabV2Settings",
                "deeplab_v3plus": "DeepLabV3PlusSettings",
            }.items()
        },
        "mask2former": Method(
            f"{_SETTINGS}.mask2former:Mask2FormerSettings",
            "wsss_core.segmenters.mask2former",
            {"seeds": Slot(("seeds", "predictions"), optional=True, assumed=True)},
        ),
        "pixel_to_segment": Method(
            f"{_SPML}:PixelToSegmentSettings",
            "wsss_core.segmenters.pixel_to_segment",
            {"seeds": _FIRST_SEEDS, "regions": _REGIONS, "classifier": _OPTIONAL_CLASSIFIER},
        ),
        "pixel_classifier": Method(
            f"{_SPML}:PixelClassifierSettings",
            "wsss_core.segmenters.pixel_classifier",
            {"seeds": _FIRST_SEEDS, "segmenter": _EMBEDDING},
        ),
        "segment_bank": Method(
            f"{_SPML}:SegmentBankSettings",
            "wsss_core.segmenters.segment_bank",
            {"seeds": _FIRST_SEEDS, "segmenter": _EMBEDDING},
        ),
        **{
            name: Method(f"{_SETTINGS}.one_stage:{model}", "wsss_core.segmenters.one_stage")
            for name, model in {
                "ws_fcn": "WsFcnSettings",
                "one_stage": "OneStageSettings",
                "one_stage_cam": "OneStageCamSettings",
            }.items()
        },
        "published": Method(f"{_SETTINGS}.segmenter:PublishedSegmenterSettings", _PUBLISHED, foreign=True),
    },
    "predictions": {
        "multiscale": Method(
            f"{_SETTINGS}.predictions:MultiscalePredictionsSettings",
            "wsss_core.predictions.multiscale",
            {"segmenter": Slot(("segmenter",))},
        ),
        "mask2former": Method(
            f"{_SETTINGS}.mask2former:Mask2FormerPredictionsSettings",
            "wsss_core.predictions.mask2former",
            {"segmenter": Slot(("segmenter",), methods=("mask2former", "published"))},
        ),
        "pixel_softmax": Method(
            f"{_SPML}:PixelSoftmaxSettings",
            "wsss_core.predictions.pixel_softmax",
            {"segmenter": Slot(("segmenter",), methods=_CLASSIFYING)},
            named=True,
        ),
        "segment_retrieval": Method(
            f"{_SPML}:SegmentRetrievalSettings",
            "wsss_core.predictions.segment_retrieval",
            {"segmenter": _BANK},
            named=True,
        ),
        "one_stage": Method(
            f"{_SETTINGS}.one_stage:OneStagePredictionsSettings",
            "wsss_core.predictions.one_stage",
            {"segmenter": Slot(("segmenter",), methods=("ws_fcn", "one_stage", "one_stage_cam"))},
            named=True,
        ),
        "precomputed": _LABEL_MAPS,
    },
    "evaluation": {
        "pooled": Method(
            f"{_SETTINGS}.evaluation:PooledSettings",
            "wsss_core.evaluation.pooled",
            {"of": Slot(EVALUATED_KINDS, many=True)},
        ),
    },
    "report": {
        "html": Method(
            f"{_SETTINGS}.report:HtmlReportSettings",
            "wsss_core.report.page",
            {
                "evaluation": Slot(("evaluation",), many=True),
                "stages": Slot((*PER_IMAGE_KINDS, *TRAINING_KINDS), many=True),
            },
        ),
    },
}


def only_method(kind: str) -> str | None:
    """The method of a stage that names none: the kind's only one that may be meant so, or None."""
    own = [name for name, entry in METHODS[kind].items() if not entry.foreign and not entry.named]
    return own[0] if len(own) == 1 else None


def load(name: str) -> object:
    """The object that a "module:attribute" string names."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)
