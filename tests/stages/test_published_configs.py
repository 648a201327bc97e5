"""The configurations of published results: their graphs fit a folder of VOC, their constants are the published ones."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from wsss_core.settings.affinity import AffinityNetSettings, IRNetSettings
from wsss_core.settings.affinity_labels import CrfPairSettings, IrLabelSettings
from wsss_core.settings.base import Settings
from wsss_core.settings.cams import GradcamSettings
from wsss_core.settings.classifier import EpsClassifierSettings, IrnClassifierSettings, PsaClassifierSettings
from wsss_core.settings.experiment import Experiment
from wsss_core.settings.instances import BoundaryInstancesSettings
from wsss_core.settings.mask2former import Mask2FormerPredictionsSettings, Mask2FormerSettings
from wsss_core.settings.one_stage import OneStagePredictionsSettings, OneStageSettings, WsFcnSettings
from wsss_core.settings.prompts import PromptsSettings
from wsss_core.settings.refined_cams import BoundaryWalkSettings, ClassAwareAttentionSettings, RandomWalkSettings
from wsss_core.settings.regions import SamSettings
from wsss_core.settings.seeds import SamsSettings
from wsss_core.settings.segmenter import DeepLabV1Settings, DeepLabV2Settings
from wsss_core.stages.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
ONE_STAGE = [ROOT / "config" / name for name in ("voc12_wsfcn.yaml", "voc12_onestage.yaml")]
OF_OTHER_SPLITS = (
    *("voc12_fma", "voc12_spml_tag", "voc12_spml_box", "voc12_spml_scribble", "voc12_spml_point"),
    *(path.stem for path in ONE_STAGE),
)
CONFIGS = [
    path
    for path in sorted((ROOT / "config").glob("voc12_*.yaml"))
    if path.stem not in OF_OTHER_SPLITS and "mixed" not in path.stem
]
PUBLISHED = [
    path
    for pattern in ("voc12_*", "coco14_*", "densepose_*")
    for path in sorted((ROOT / "config").glob(f"{pattern}.yaml"))
    if "mixed" not in path.stem
]
LISTS = {
    "train": ["2007_000032", "2007_000039"],
    "train_aug": ["2007_000032", "2007_000039", "2008_000002"],
    "val": ["2007_000033"],
}
RATES = {"vgg16": 0.1, "resnet38": 0.01}
FIGURES = {"vgg16": ((48.9, 46.6), (59.6, 54.0), 58.4), "resnet38": ((47.7, 47.2), (61.0, 60.2), 61.7)}


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    folder = tmp_path / "VOC2012"
    (folder / "JPEGImages").mkdir(parents=True)
    lists = folder / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    for split, ids in LISTS.items():
        (lists / f"{split}.txt").write_text("".join(f"{image_id}\n" for image_id in ids))
    return folder


def experiment(path: Path, voc: Path) -> Experiment:
    values: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["stages"]["data"]["root"] = str(voc)
    return Experiment.from_config(values, path.parent)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_stage_covers_the_splits_that_the_next_ones_need(path: Path, voc: Path) -> None:
    plan = Plan(experiment(path, voc))
    trainings = [stage for stage in plan.experiment.stages.values() if stage.kind in ("classifier", "segmenter")]
    assert {plan.splits(stage) for stage in trainings} == {("train_aug",)}
    assert plan.splits(plan.find("evaluation")) == (("train",) if path.stem.endswith("_base") else ("train", "val"))
    for stage in plan.experiment.stages.values():
        assert plan.inputs(stage) or stage.kind == "data"


@pytest.mark.parametrize("path", [*CONFIGS, *ONE_STAGE], ids=lambda path: path.stem)
def test_trainings_start_from_imagenet_weights_that_the_head_of_the_file_describes(path: Path, voc: Path) -> None:
    text = path.read_text(encoding="utf-8")
    head = text[: text.index("experiment:")]
    stages = experiment(path, voc).stages.values()
    weights = {str(stage.settings.weights) for stage in stages if getattr(stage.settings, "weights", None)}
    assert weights
    assert all(file in head for file in weights)
    assert all("published" in line for line in text.splitlines() if "expected:" in line)


def test_constants_of_irn_are_the_published_ones(voc: Path) -> None:
    found = experiment(ROOT / "config/voc12_irn.yaml", voc)
    stages = {name: stage.settings for name, stage in found.stages.items()}
    changed = {"weights", "network", "threshold", "mean_split", "validate_every_epochs"}
    for name, published in {
        "classifier": IrnClassifierSettings(),
        "affinity_labels": IrLabelSettings(),
        "affinity": IRNetSettings(),
        "refined_cams": BoundaryWalkSettings(),
        "instances": BoundaryInstancesSettings(),
        "segmenter": DeepLabV2Settings(),
    }.items():
        assert stages[name].model_dump(exclude=changed) == published.model_dump(exclude=changed), name
    assert {getattr(settings, "network", "resnet50") for settings in stages.values()} == {"resnet50"}
    thresholds = {name: getattr(stages[name], "threshold") for name in ("cam_labels", "seeds", "instances")}  # noqa: B009
    assert thresholds == {"cam_labels": 0.15, "seeds": 0.25, "instances": 0.25}
    expected = {name: stage.expected for name, stage in found.stages.items() if stage.expected}
    published = {"cam_labels": {"train": 48.3}, "seeds": {"train": 66.5}, "predictions": {"val": 63.5}}
    assert expected == {**published, "instances": {"train": 37.7}}


@pytest.mark.parametrize("path", ONE_STAGE, ids=lambda path: path.stem)
def test_constants_of_the_one_stage_networks_are_the_published_ones(path: Path, voc: Path) -> None:
    plan = Plan(experiment(path, voc))
    segmenter, predictions = plan.find("segmenter"), plan.find("predictions")
    published = {"ws_fcn": WsFcnSettings(), "one_stage": OneStageSettings()}[segmenter.method]
    changed = {"weights", "validate_every_epochs"}
    assert segmenter.settings.model_dump(exclude=changed) == published.model_dump(exclude=changed)
    assert plan.splits(segmenter) == ("train_aug",)
    rule = {"ws_fcn": {}, "one_stage": {"background": "power", "crf_background_power": None}}[segmenter.method]
    assert predictions.settings == OneStagePredictionsSettings.parse(rule, "predictions")
    crf = plan.find("predictions_crf").settings.model_dump()["crf"]
    assert crf["bilateral_sxy"] == {"ws_fcn": 30, "one_stage": 80}[segmenter.method]
    clean = [stage for stage in plan.experiment.stages.values() if stage.name.startswith("predictions_clean")]
    assert all(stage.settings.model_dump()["restrict_to_tags"] for stage in clean)
    assert not predictions.settings.model_dump()["restrict_to_tags"]


def test_coco_has_the_constants_that_were_published_for_it() -> None:
    values: dict[str, Any] = yaml.safe_load((ROOT / "config/coco14_wsfcn.yaml").read_text(encoding="utf-8"))
    stages = values["stages"]
    settings = WsFcnSettings.parse(
        {k: v for k, v in stages["segmenter"].items() if k not in ("method", "splits", "weights")}, "x"
    )
    changed = {"focal_lambda", "pseudo_labels", "validate_every_epochs"}
    assert settings.model_dump(exclude=changed) == WsFcnSettings().model_dump(exclude=changed)
    labels = settings.pseudo_labels
    assert (labels.iterations, labels.background_share, labels.foreground_share, labels.lowest) == (5, 0.8, 0.6, 0.1)
    assert (settings.focal_lambda, stages["predictions"]["canvas"]) == (0.1, 1304)
    assert stages["predictions"]["focal_lambda"] == settings.focal_lambda


@pytest.mark.parametrize("network", list(RATES))
def test_constants_of_psa_are_the_published_ones(network: str, voc: Path) -> None:
    found = experiment(ROOT / f"config/voc12_psa_{network}.yaml", voc)
    stages = {name: stage.settings for name, stage in found.stages.items()}
    changed = {"network", "weights", "learning_rate"}
    for name, published in {
        "classifier": PsaClassifierSettings(),
        "affinity_labels": CrfPairSettings(),
        "affinity": AffinityNetSettings(),
        "refined_cams": RandomWalkSettings(),
    }.items():
        assert stages[name].model_dump(exclude=changed) == published.model_dump(exclude=changed), name
    for name in ("classifier", "affinity"):
        assert (stages[name].network, stages[name].learning_rate) == (network, RATES[network])  # type: ignore[attr-defined]
    changed |= {"freeze", "validate_every_epochs"}
    assert stages["segmenter"].model_dump(exclude=changed) == DeepLabV1Settings().model_dump(exclude=changed)
    cams, walk, final = FIGURES[network]
    expected = {name: stage.expected for name, stage in found.stages.items()}
    assert expected["cam_labels"] == dict(zip(("train", "val"), cams, strict=True))
    assert expected["seeds"] == dict(zip(("train", "val"), walk, strict=True))
    assert expected["predictions"] == {"val": final}


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_published_figures_are_printed_with_their_source_under_a_known_protocol(path: Path) -> None:
    stages: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["stages"]
    expected = {name: keys["expected"] for name, keys in stages.items() if keys and keys.get("expected")}
    assert expected
    assert stages["report"].get("expected_source")
    evaluations = [keys or {} for name, keys in stages.items() if "evaluation" in (name, (keys or {}).get("kind"))]
    evaluated = [name for keys in evaluations for name in keys.get("inputs", {}).get("of", stages)]
    assert set(expected) <= set(evaluated)
    splits = {split for figures in expected.values() for split in figures}
    known = {split for keys in evaluations for split in keys.get("protocol", {})}
    assert splits <= known or path.stem.startswith("densepose")  # whose list has no known protocol


def yaml_blocks(page: str) -> list[dict[str, dict[str, Any]]]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)]


def test_the_published_files_take_the_place_of_the_trainings_as_the_page_says(voc: Path) -> None:
    path = ROOT / "config/voc12_psa_resnet38.yaml"
    [stages] = yaml_blocks("psa-irn.md")
    values: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["stages"] = {**values["stages"], **stages}
    values["stages"]["data"]["root"] = str(voc)
    plan = Plan(Experiment.from_config(values, path.parent))
    for name in ("classifier", "affinity"):
        assert plan.find(name).method == "published"
    needed = [stage.name for stage in plan.lineage(plan.find("seeds"))]
    assert sorted(needed) == ["affinity", "cams", "classifier", "data", "refined_cams", "seeds"]


def test_constants_of_fma_are_the_published_ones(voc: Path) -> None:
    found = experiment(ROOT / "config/voc12_fma.yaml", voc)
    stages = {name: stage.settings for name, stage in found.stages.items()}
    assert stages["classifier"].model_dump() == PromptsSettings().model_dump()
    second = stages["prompts"].model_dump()
    changed = {
        "per_class": True,
        "position": "front",
        "background": ("",) * 25,
        "start_std": 0.125,
        "start_text": "\u673a",
        "tags_from": "seeds",
        "steps": 17000,
    }
    assert second == {**PromptsSettings().model_dump(), **changed}
    assert stages["cams"] == stages["cams_coarse"] == GradcamSettings()
    assert stages["refined_coarse"] == ClassAwareAttentionSettings()
    assert stages["refined_cams"] == ClassAwareAttentionSettings(box_threshold=0.5, values="cam")
    assert stages["seeds_coarse"] == SamsSettings(alpha=0.6)
    assert stages["seeds"] == SamsSettings(alpha=0.7)
    assert stages["regions"] == SamSettings()
    assert stages["segmenter"].model_dump(exclude={"weights"}) == Mask2FormerSettings().model_dump(exclude={"weights"})
    assert stages["predictions"] == Mask2FormerPredictionsSettings()
    assert found.stages["segmenter"].inputs["seeds"] == ("voc12_fma/seeds",)
    assert found.stages["prompts"].inputs["seeds"] == ("voc12_fma/seeds_coarse",)
    plan = Plan(found)
    assert plan.splits(plan.find("segmenter")) == ("train_aug",)
    assert plan.splits(plan.find("predictions")) == ("val",)
    assert {str(path) for path in plan.inputs(plan.find("prompts")) if path.suffix == ".pt"} == {"weights/ViT-B-16.pt"}


def differences(settings: Settings, published: Settings) -> dict[str, object]:
    """Settings of a stage that are not the published defaults."""
    defaults = published.model_dump()
    return {key: value for key, value in settings.model_dump().items() if value != defaults[key]}


def test_constants_of_eps_are_the_published_ones(voc: Path) -> None:
    found = experiment(ROOT / "config/voc12_eps.yaml", voc)
    stages = {name: stage.settings for name, stage in found.stages.items()}
    assert set(differences(stages["classifier"], EpsClassifierSettings())) == {"weights", "validate_every_epochs"}
    changed = differences(stages["segmenter"], DeepLabV2Settings())
    assert {key: changed[key] for key in ("network", "accumulate")} == {"network": "resnet101_caffe", "accumulate": 2}
    assert set(changed) == {"network", "accumulate", "weights", "validate_every_epochs"}
    expected = {name: stage.expected for name, stage in found.stages.items() if stage.expected}
    assert expected == {
        "seeds": {"train": 69.22},
        "seeds_crf": {"train": 71.4},
        "predictions_crf": {"val": 70.9},
        "predictions_vgg16": {"val": 66.6},
    }


def test_the_baseline_of_eps_is_the_classifier_of_psa_with_other_lengths(voc: Path) -> None:
    eps, base = (experiment(ROOT / f"config/{name}.yaml", voc).stages for name in ("voc12_eps", "voc12_eps_base"))
    left, right = eps["classifier"].settings.model_dump(), base["classifier"].settings.model_dump()
    shared = set(left) & set(right)
    assert {key for key in shared if left[key] != right[key]} == set()
    assert base["classifier"].method == "psa"
    assert base["seeds"].settings == eps["seeds"].settings
    assert base["seeds"].expected == {"train": 47.05}


def coco_plan(name: str, year: int, folder: Path) -> Plan:
    """Plan of a configuration of COCO over a folder with one image per split."""
    values: dict[str, Any] = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8"))
    assert values["stages"]["data"]["splits"] == {"train": f"train{year}", "val": f"val{year}"}
    (folder / "ImageSets" / "Segmentation").mkdir(parents=True)
    for split, image_id in (("train", "1"), ("val", "2")):
        (folder / f"{split}{year}").mkdir()
        (folder / "ImageSets" / "Segmentation" / f"{split}.txt").write_text(f"{image_id}\n")
    values["stages"]["data"]["root"] = str(folder)
    return Plan(Experiment.from_config(values, ROOT / "config"))


@pytest.mark.parametrize(("name", "year"), [("coco14_eps", 2014), ("coco17_eps", 2017)])
def test_constants_of_eps_on_coco_are_the_published_ones(name: str, year: int, tmp_path: Path) -> None:
    plan = coco_plan(name, year, tmp_path)
    settings = plan.find("classifier").settings
    assert isinstance(settings, EpsClassifierSettings)
    assert (settings.steps, settings.batch, settings.crop, settings.longer_side) == (256_500, 16, 321, (256, 448))
    assert (settings.overlap_threshold, settings.foreground_weight) == (0.4, 0.9)
    assert plan.splits(plan.find("segmenter")) == ("train",)
    assert plan.splits(plan.find("predictions")) == ("val",)
    assert plan.find("seeds").expected == ({"train": 37.15} if year == 2014 else {})


def test_constants_of_fma_on_coco_are_the_published_ones(tmp_path: Path) -> None:
    plan = coco_plan("coco14_fma", 2014, tmp_path)
    first, second = (plan.find(name).settings for name in ("classifier", "prompts"))
    assert isinstance(first, PromptsSettings)
    assert isinstance(second, PromptsSettings)
    assert (first.steps, first.schedule_steps, first.warmup_steps, first.accumulate) == (6150, 20_500, 1000, 4)
    assert (second.steps, second.schedule_steps, second.accumulate, second.per_class) == (45_000, 75_000, 8, False)
    assert len(first.background) == len(second.background) == 23
    fine = SamsSettings(alpha=1)
    assert (plan.find("seeds_coarse").settings, plan.find("seeds").settings) == (SamsSettings(alpha=0.4), fine)
    found = differences(plan.find("segmenter").settings, Mask2FormerSettings())
    assert {key: value for key, value in found.items() if key != "weights"} == {"steps": 100_000, "padding": "mean"}
    assert plan.find("seeds").expected == {"train": 47.5}
    assert plan.find("predictions").expected == {"val": 55.4}
    assert plan.splits(plan.find("predictions")) == ("val",)
