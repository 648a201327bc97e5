"""Checks of SPML's whole stages: banks, retrieval, softmax inference, stage-2 labels; two pictures each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from golden.cases import Case, kind_of
from golden.spml_compare import assert_recorded
from golden.spml_setting import network, recipe, whole
from golden.synthetic import synthetic_image, synthetic_input

from wsss_core.data.uniform_crop import resize_bilinear
from wsss_core.label_ids import best_label
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.predictions.pixel_softmax import classifier_scores
from wsss_core.predictions.segment_retrieval import neighbour_shares
from wsss_core.seeds.cam_embedding_walk import cam_walk_scores
from wsss_core.seeds.classifier_embedding_walk import classifier_walk_scores
from wsss_core.seeds.label_embedding_walk import label_beside_ignored, label_walk_scores
from wsss_core.seeds.segment_retrieval import retrieved_scores
from wsss_core.segmenters.segment_bank import bank_rows, scaled_pictures
from wsss_core.segments.enlarged_labels import at_image_size
from wsss_core.segments.grouping import KMeans
from wsss_core.segments.network_picture import network_picture
from wsss_core.segments.present import present_classes
from wsss_core.segments.retrieved_scores import Segmenter, segmenter
from wsss_core.segments.tiles import Canvas
from wsss_core.segments.walked_labels import refined_scores
from wsss_core.settings.spml import (
    CamEmbeddingWalkSettings,
    ClassifierEmbeddingWalkSettings,
    LabelEmbeddingWalkSettings,
    PixelSoftmaxSettings,
    RetrievedSeedsSettings,
    SegmentBankSettings,
    SegmentRetrievalSettings,
    SpmlCrfSettings,
)

BANK_SCALES = (0.5, 1.0, 1.5)
PSEUDO_RETRIEVAL = "pseudo_inference_crf_msc"
SECOND_ROUND_SCALES = (0.75, 1.0)


@dataclass
class Setting:
    """One picture of a case: `name` begins its arrays, `label_HW` is its label map."""

    name: str
    number: int
    image_HW3: np.ndarray
    label_HW: np.ndarray

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.image_HW3.shape[0], self.image_HW3.shape[1]

    @property
    def picture_3HW(self) -> np.ndarray:
        return network_picture(self.image_HW3, IMAGENET_RGB)


def settings_of(case: Case) -> Iterator[Setting]:
    """The pictures of a case."""
    for number in range(len([name for name in case.arrays if re.fullmatch(r"in_im\d+_semantic", name)])):
        height, width, seed = map(int, recipe(case, f"im{number} = synthetic_image"))
        label_HW = case.arrays[f"in_im{number}_semantic"]
        yield Setting(f"im{number}", number, synthetic_image(height, width, seed), label_HW)


def canvas(case: Case) -> dict[str, int]:
    """Crop and stride of the case as settings."""
    chosen = case.spec["settings"]
    assert len(set(chosen["test_crop_size"])) == len(set(chosen["test_stride"])) == 1
    return {"crop": chosen["test_crop_size"][0], "stride": chosen["test_stride"][0]}


def clusters(case: Case) -> dict[str, object]:
    """Grid and iterations of the k-means as settings."""
    found = re.search(r"--kmeans_num_clusters (\d+),(\d+)", case.spec["settings"]["arguments"])
    assert found is not None
    iterations = case.spec["settings"]["kmeans_iterations"]
    return {"clusters": (int(found[1]), int(found[2])), "cluster_iterations": iterations}


def crf(case: Case) -> SpmlCrfSettings | None:
    """The CRF that the case names, or None for a stage without one."""
    if not any("crf_output" in name for name in case.arrays):
        return None
    text = case.spec["settings"]["arguments"]
    keys = {
        "iter_max": "iterations",
        "pos_w": "gaussian_compat",
        "pos_xy_std": "gaussian_sxy",
        "bi_w": "bilateral_compat",
        "bi_xy_std": "bilateral_sxy",
        "bi_rgb_std": "bilateral_srgb",
    }
    values = {ours: re.search(rf"--crf_{theirs} ([\d.]+)", text)[1] for theirs, ours in keys.items()}  # type: ignore[index]
    return SpmlCrfSettings.parse(values, case.title)


def long_side(case: Case) -> int | None:
    """The longer side of a stage at one scale; None for one at several."""
    return None if "msc" in case.name else int(case.spec["settings"]["test_image_size"])


def check_scores(case: Case, of: Setting, score_Khw: np.ndarray, picture_3hw: np.ndarray) -> None:
    """Scores before and after the CRF, and the label map at image size."""
    chosen = crf(case)
    refined = refined_scores(score_Khw, picture_3hw, IMAGENET_RGB, chosen)
    if chosen is not None:
        assert_recorded(case, f"{of.name}_crf_input_sub", score_Khw)
        assert_recorded(case, f"{of.name}_crf_input_argmax", score_Khw.argmax(0))
        assert_recorded(case, f"{of.name}_crf_output_sub", refined)
    label_HW = at_image_size(of.name, refined, of.size_hw, confidence=False).label_HW
    assert_recorded(case, f"{of.name}_label", label_HW)


def check_softmax(case: Case) -> None:
    settings = PixelSoftmaxSettings.parse({**canvas(case), "long_side": long_side(case)}, case.title)
    for of in settings_of(case):
        check_scores(case, of, *classifier_scores(network(case), of.picture_3HW, settings))


@torch.inference_mode()
def check_bank(case: Case) -> None:
    chosen = {**canvas(case), **clusters(case), "long_side": long_side(case), "scales": BANK_SCALES}
    settings = SegmentBankSettings.parse(chosen, case.title)
    segment = segment_with(case)
    replaced = re.search(r"labels with (\d+) replaced by (\d+)", case.spec["records"])
    for of in settings_of(case):
        label_HW = of.label_HW.copy()
        if replaced is not None:
            label_HW[label_HW == int(replaced[1])] = int(replaced[2])
        views = list(scaled_pictures(of.picture_3HW, settings))
        rows = [bank_rows(segment, of.name, picture, scale, label_HW) for picture, scale in views]
        assert_recorded(case, f"{of.name}_prototype", np.concatenate([row.prototype_ND for row in rows]))
        assert_recorded(case, f"{of.name}_prototype_label", np.concatenate([row.label_N for row in rows]))
        if f"{of.name}_cluster" in case.arrays:
            assert_recorded(case, f"{of.name}_cluster", segment(views[0][0], False).segment_HW)


def segment_with(case: Case) -> Segmenter:
    """What cuts the case's pictures into segments."""
    chosen = SegmentBankSettings.parse({**canvas(case), **clusters(case)}, case.title)
    kmeans = KMeans(chosen.clusters, chosen.cluster_iterations)
    return segmenter(network(case), Canvas(chosen.crop, chosen.stride), kmeans)


class RecordedBank:
    """The recorded bank of both pictures, without ignored rows."""

    def __init__(self, case: Case, classes: int) -> None:
        arrays = case.arrays_of(bank_name(case))
        names = sorted(name for name in arrays if re.fullmatch(r"im\d+_prototype", name))
        labels = np.concatenate([arrays[f"{name}_label"] for name in names])
        self.vectors = torch.from_numpy(np.concatenate([arrays[name] for name in names])[labels < classes])
        self.labels = whole(labels[labels < classes])

    def blocks(self) -> list[torch.Tensor]:
        return [self.vectors]


def bank_name(case: Case) -> str:
    """The case that recorded this one's bank: of the same variant where there is one, as `prototype_odd`."""
    start = "prototype_msc" if "msc" in case.name else "prototype"
    stages = ("inference_knn", "inference_knn_crf", "inference_knn_msc", "inference_knn_crf_msc", PSEUDO_RETRIEVAL)
    kind = kind_of(case.name, stages)
    assert kind is not None, f"{case.title}: expected a case of retrieval"
    same = start + case.name.removeprefix(kind)
    return same if same in case.siblings else start


def check_retrieval(case: Case) -> None:
    classes = network(case).classes
    bank, segment = RecordedBank(case, classes), segment_with(case)
    settings = SegmentRetrievalSettings.parse({"long_side": long_side(case)}, case.title)
    for of in settings_of(case):
        check_scores(case, of, *neighbour_shares(segment, bank, of.picture_3HW, classes, settings))


def check_retrieved_seeds(case: Case) -> None:
    classes = network(case).classes
    bank, segment = RecordedBank(case, classes), segment_with(case)
    for of in settings_of(case):
        settings = RetrievedSeedsSettings()
        scores = retrieved_scores(segment, bank, of.picture_3HW, of.label_HW, classes, settings)
        check_scores(case, of, scores, of.picture_3HW)


def check_cam_walk(case: Case) -> None:
    settings = CamEmbeddingWalkSettings.parse({"crop": canvas(case)["crop"]}, case.title)
    for of in settings_of(case):
        tags = [label for label in present_classes(of.label_HW, network(case).classes) if label]
        cams = np.stack([cam(case, label, of) for label in tags]) if tags else np.zeros((0, *of.size_hw), np.float32)
        scores = cam_walk_scores(network(case), of.picture_3HW, cams, np.array(tags, np.int32), settings)
        check_scores(case, of, scores, of.picture_3HW)


def cam(case: Case, label: int, of: Setting) -> np.ndarray:
    """The CAM (H, W) that the case describes."""
    grid = re.search(r'synthetic_input\("cam\{c\}",\((\d+),(\d+)\),seed\+i\)', case.spec["records"])
    assert grid is not None
    small = synthetic_input(f"cam{label}", (int(grid[1]), int(grid[2])), case.spec["seed"] + of.number)
    large = resize_bilinear(small, of.size_hw)
    scaled: np.ndarray = (large - large.min()) / (large.max() - large.min())
    return scaled


def check_classifier_walk(case: Case) -> None:
    settings = ClassifierEmbeddingWalkSettings.parse({"crop": canvas(case)["crop"]}, case.title)
    for of in settings_of(case):
        scores = classifier_walk_scores(network(case), of.picture_3HW, of.label_HW, settings)
        check_scores(case, of, scores, of.picture_3HW)


def check_label_walk(case: Case) -> None:
    chosen = {"crop": canvas(case)["crop"], **clusters(case)}
    settings = LabelEmbeddingWalkSettings.parse(chosen, case.title)
    for of in settings_of(case):
        scores = label_walk_scores(network(case), of.picture_3HW, of.label_HW, region_map(of.image_HW3), settings)
        refined = refined_scores(scores, of.picture_3HW, IMAGENET_RGB, crf(case))
        found = {
            "crf_input_sub": scores,
            "crf_input_argmax": scores.argmax(0),
            "crf_output_sub": refined,
            "label": label_beside_ignored(refined, of.label_HW),
        }
        for name, array in found.items():
            assert_recorded(case, f"{of.name}_{name}", array)


def region_map(image_HW3: np.ndarray) -> np.ndarray:
    """The over-segmentation of the cases: colours in quarters of each channel's range."""
    quarter = image_HW3.astype(np.int64) // 64
    regions: np.ndarray = quarter[..., 0] * 16 + quarter[..., 1] * 4 + quarter[..., 2]
    return regions


def check_second_round(case: Case) -> None:
    chosen = {"crop": canvas(case)["crop"], "scales": SECOND_ROUND_SCALES, "average": "logits", "log2_steps": 0}
    settings = ClassifierEmbeddingWalkSettings.parse(chosen, case.title)
    for of in settings_of(case):
        scores = classifier_walk_scores(network(case), of.picture_3HW, of.label_HW, settings)
        assert_recorded(case, f"{of.name}_walk_sub", scores)
        assert_recorded(case, f"{of.name}_label", best_label(scores))
