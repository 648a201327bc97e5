import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from wsss_core.settings.base import SettingsError
from wsss_core.settings.experiment import Experiment
from wsss_core.stages.plan import Plan
from wsss_core.stages.request import Request

STAGES: dict[str, dict[str, Any]] = {
    "data": {"method": "scenes", "train_images": 5, "val_images": 4, "part_size": 2},
    "classifier": {"method": "psa", "network": "small"},
    "cams": {"method": "multiscale"},
    "seeds": {"method": "argmax"},
    "segmenter": {"method": "deeplab_v3plus", "network": "small"},
    "predictions": {"method": "multiscale"},
    "evaluation": {},
    "report": {},
}


def plan_of(changes: Mapping[str, Mapping[str, Any]] | None = None, folder: Path = Path("nowhere"), **top: Any) -> Plan:
    stages = {name: {**STAGES.get(name, {}), **(changes or {}).get(name, {})} for name in [*STAGES, *(changes or {})]}
    return Plan(Experiment.from_config({"experiment": "x", "stages": stages, **top}, folder))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of()


def texts(paths: list[Path]) -> list[str]:
    return [str(path) for path in paths]


def test_per_image_stages_have_a_part_for_every_part_size_images(plan: Plan) -> None:
    assert plan.parts(plan.find("cams")) == (0, 1, 2, 3, 4)


def test_a_stage_of_fewer_splits_has_fewer_parts() -> None:
    plan = plan_of({"seeds": {"splits": ["train"]}})
    assert plan.parts(plan.find("seeds")) == (0, 1, 2)


def test_per_image_stages_follow_the_splits_of_their_inputs() -> None:
    plan = plan_of({"cams": {"splits": ["train"]}})
    assert plan.splits(plan.find("seeds")) == ("train",)
    assert plan.splits(plan.find("predictions")) == ("train", "val")


def test_trainings_learn_from_train_unless_told_otherwise() -> None:
    assert plan_of().splits(plan_of().find("classifier")) == ("train",)
    told = plan_of({"classifier": {"splits": ["train", "val"]}})
    assert told.splits(told.find("classifier")) == ("train", "val")


def test_a_job_of_one_part_reads_that_part_of_its_inputs_only(plan: Plan) -> None:
    assert texts(plan.inputs(plan.find("seeds"), [3])) == [
        "results/x/cams/parts/00003.arrow",
        "results/x/data/manifest.arrow",
    ]


def test_a_training_reads_the_parts_of_its_splits(plan: Plan) -> None:
    parts = [path for path in texts(plan.inputs(plan.find("segmenter"))) if "seeds" in path]
    assert parts == [f"results/x/seeds/parts/0000{number}.arrow" for number in (0, 1, 2)]


def test_a_report_asks_only_for_parts_that_a_stage_has() -> None:
    plan = plan_of({"seeds": {"splits": ["train"]}})
    parts = [path for path in texts(plan.inputs(plan.find("report"))) if "/seeds/" in path]
    assert parts == [f"results/x/seeds/parts/0000{number}.arrow" for number in (0, 1, 2)]


def test_pretrained_weights_are_an_input_file() -> None:
    plan = plan_of({"classifier": {"weights": "/w/vgg16.pth"}})
    assert "/w/vgg16.pth" in texts(plan.inputs(plan.find("classifier")))


def test_words_in_braces_in_a_path_are_refused_since_snakemake_takes_them_for_wildcards() -> None:
    with pytest.raises(SettingsError, match=r"stage 'classifier': .*'/w/\{mine\}/vgg16\.pth'.*rename"):
        plan_of({"classifier": {"weights": "/w/{mine}/vgg16.pth"}})
    for name in ("/w/{}/vgg16.pth", "/w/mine}/{vgg16.pth"):
        assert plan_of({"classifier": {"weights": name}})


def test_products_of_every_kind(plan: Plan) -> None:
    products = {name: texts(plan.products(plan.find(name)))[-1] for name in STAGES}
    assert products == {
        "data": "results/x/data/manifest.arrow",
        "classifier": "results/x/classifier/model.safetensors",
        "cams": "results/x/cams/parts/00004.arrow",
        "seeds": "results/x/seeds/parts/00004.arrow",
        "segmenter": "results/x/segmenter/model.safetensors",
        "predictions": "results/x/predictions/parts/00004.arrow",
        "evaluation": "results/x/evaluation/predictions.json",
        "report": "results/x/report/report.html",
    }


def test_a_full_run_ends_with_a_record_per_stage_and_the_report(plan: Plan) -> None:
    finished = [f"results/x/{name}/stage.json" for name in STAGES if name != "report"]
    assert texts(plan.final_targets()) == [*finished, "results/x/report/report.html"]


def test_results_go_where_the_experiment_says() -> None:
    plan = plan_of(compute={"results": "/scratch/r"})
    assert str(plan.folder("x/cams")) == "/scratch/r/x/cams"


def test_an_evaluation_has_a_target_per_evaluated_stage(plan: Plan) -> None:
    assert list(plan.targets(plan.find("evaluation"))) == ["cams", "seeds", "predictions"]
    request = json.loads(plan.request(plan.find("evaluation"), plan.find("seeds")))
    assert request["inputs"] == {"of": "x/seeds", "data": "x/data"}
    assert request["input_kinds"] == {"of": "seeds", "data": "data"}


def test_the_lineage_of_a_stage_is_everything_it_is_made_from(plan: Plan) -> None:
    assert {stage.name for stage in plan.lineage(plan.find("seeds"))} == {"seeds", "cams", "classifier", "data"}
    assert [stage.name for stage in plan.lineage(plan.find("data"))] == ["data"]


def test_a_stage_of_another_experiment_keeps_its_folder_and_gets_a_file_name(tmp_path: Path) -> None:
    base = {name: STAGES[name] for name in ("data", "classifier", "cams")}
    (tmp_path / "base.yaml").write_text(json.dumps({"experiment": "base", "stages": base}))
    stages = {
        "seeds": {"method": "argmax", "inputs": {"cams": "base/cams"}},
        "evaluation": {"inputs": {"of": "base/cams"}},
    }
    plan = Plan(Experiment.from_config({"experiment": "more", "stages": stages}, tmp_path))
    assert "results/base/cams/parts/00000.arrow" in texts(plan.inputs(plan.find("seeds")))
    assert list(plan.targets(plan.find("evaluation"))) == ["base--cams"]
    assert texts(plan.final_targets()) == ["results/more/seeds/stage.json", "results/more/evaluation/stage.json"]


def test_slots_that_take_many_list_their_stages_by_name(plan: Plan) -> None:
    request = json.loads(plan.request(plan.find("report")))
    assert request["inputs"]["cams"] == "x/cams"
    assert request["inputs"]["evaluation"] == "x/evaluation"
    assert request["input_kinds"]["segmenter"] == "segmenter"


def test_a_request_holds_the_settings_with_all_defaults(plan: Plan) -> None:
    settings = json.loads(plan.request(plan.find("cams")))["settings"]
    assert settings["scales"] == [1.0, 0.5, 1.5, 2.0]


def test_bookkeeping_of_a_training_is_beside_its_request_and_reaches_the_job() -> None:
    kept = plan_of({"classifier": {"checkpoint_every_s": 7, "log_every_steps": 3}})
    plain = plan_of()
    stage = kept.find("classifier")
    assert kept.request(stage) == plain.request(plain.find("classifier"))
    request = Request.from_json(kept.request(stage)).with_settings(kept.bookkeeping(stage))
    assert request.typed_settings() == stage.settings


def test_a_published_network_is_not_trained_and_has_no_bookkeeping() -> None:
    settings = {"method": "published", "weights": "a.pth", "network": "resnet50", "architecture": "irn"}
    plan = plan_of({"classifier": settings})
    assert plan.bookkeeping(plan.find("classifier")) == "{}"


def test_a_request_changes_with_settings_seed_and_splits_but_not_with_the_machine(plan: Plan) -> None:
    changed = [plan_of({"seeds": {"threshold": 0.1}}), plan_of(seed=5), plan_of({"seeds": {"splits": ["train"]}})]
    requests = [each.request(each.find("seeds")) for each in (plan, *changed)]
    assert len(set(requests)) == 4
    other_machine = plan_of(compute={"device": "cpu", "training_threads": 7, "loader_workers": 3})
    assert other_machine.request(other_machine.find("seeds")) == requests[0]


def test_the_code_of_a_training_includes_its_network_only() -> None:
    plan = plan_of()
    assert "wsss_core.networks.small" in plan.modules(plan.find("classifier"))
    assert "wsss_core.networks.deeplab_v3plus" in plan.modules(plan.find("segmenter"))
    assert plan.modules(plan.find("cams")) == ("wsss_core.cams.multiscale",)
    other = plan_of({"classifier": {"network": "vgg16"}})
    assert plan.code(plan.find("classifier"), "training") != other.code(other.find("classifier"), "training")


def test_a_published_network_stands_in_for_a_training() -> None:
    file = {"method": "published", "weights": "irn_cls.pth", "network": "resnet50", "architecture": "irn"}
    plan = plan_of({"classifier": file})
    stage = plan.find("classifier")
    assert texts(plan.inputs(stage)) == ["results/x/data/manifest.arrow", "irn_cls.pth"]
    assert texts(plan.products(stage)) == ["results/x/classifier/model.safetensors"]
    assert plan.modules(stage) == (
        *("wsss_core.training.published", "wsss_core.networks.resnet", "wsss_core.networks.irn_classifier"),
    )


def test_the_listing_fingerprint_changes_with_the_images(plan: Plan) -> None:
    more = plan_of({"data": {"train_images": 6}})
    assert plan.listing_fingerprint(plan.find("data")) != more.listing_fingerprint(more.find("data"))


def test_a_stage_is_found_by_its_name_or_the_nearest_is_suggested(plan: Plan) -> None:
    assert plan.find("x/seeds") is plan.find("seeds") is plan.stage("x/seeds")
    with pytest.raises(SettingsError, match="there is no stage 'sedes' in this experiment; did you mean 'seeds'"):
        plan.find("sedes")


IRN: dict[str, dict[str, Any]] = {
    "labels": {"kind": "affinity_labels", "method": "ir_label", "inputs": {"cams": "cams"}},
    "irnet": {"kind": "affinity", "method": "irnet", "inputs": {"classifier": "classifier"}},
}


def test_cams_of_a_classifier_of_other_classes_are_refused() -> None:
    changes = {
        "classifier": {"method": "psa", "inputs": {"data": "data"}},
        "few": {"kind": "data", "method": "scenes", "classes": ["car", "deer"]},
        "cams": {"inputs": {"data": "few"}},
    }
    with pytest.raises(SettingsError, match=r"'cams': 'classifier' was trained on the classes deer, .* has car, deer;"):
        plan_of({**changes, "evaluation": {"inputs": {"of": ["cams"]}}, "report": {"inputs": {"data": "few"}}})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"seeds": {"splits": ["tran"]}}, "there is no split 'tran' in 'data'; did you mean 'train'?"),
        ({"classifier": {"splits": ["test"]}}, "there is no split 'test'"),
        (
            {"cams": {"splits": ["val"]}, "seeds": {"splits": ["val"]}},
            "'segmenter' covers the splits ['train'], but its input 'seeds' covers only ['val']: 5 images are missing",
        ),
        ({"cams": {"splits": ["train"]}, "seeds": {"splits": ["train", "val"]}}, "add the split to `splits` of 'cams'"),
        (
            {"evaluation": {"class_subset": ["background", "sheeep"]}},
            "there is no class 'sheeep'; did you mean 'sheep'",
        ),
        ({"evaluation": {"protocol": {"vall": "voc12-val-1449"}}}, "key 'protocol': there is no split 'vall'"),
        ({"evaluation": {"protocol": {"val": "voc12-val"}}}, "no protocol 'voc12-val'; did you mean 'voc12-val-1449'?"),
        ({"evaluation": {"choose_threshold_on": "tain"}}, "'choose_threshold_on': there is no split 'tain'"),
        ({"report": {"gallery_split": "test"}}, "stage 'report': key 'gallery_split': there is no split 'test'"),
        ({"stage": {"like": "seeds"}}, "would be written to stage.json; rename the stage 'stage'"),
        ({**IRN, "irnet": {**IRN["irnet"], "mean_split": "tain"}}, "key 'mean_split': there is no split 'tain'; did"),
        (
            {**IRN, "irnet": {**IRN["irnet"], "inputs": {}}},
            "'irnet': IRNet's backbone does not learn and needs trained",
        ),
    ],
)
def test_names_that_do_not_fit_are_found_before_anything_runs(
    changes: dict[str, dict[str, Any]], expected: str
) -> None:
    with pytest.raises(SettingsError) as error:
        plan_of(changes)
    assert expected in str(error.value)


def test_a_job_reads_the_newest_of_the_files_that_its_images_have(tmp_path: Path) -> None:
    stage = {"kind": "seeds", "method": "precomputed", "folder": str(tmp_path), "splits": ["train"]}
    plan = plan_of({"masks": stage})
    masks = plan.find("masks")
    assert plan.ids(masks) == list(plan.listing(masks).ids_of("train"))
    third, fourth, fifth = plan.ids(masks)[2:]
    assert plan.ids(masks, [1]) == [third, fourth]
    for time_s, image_id in enumerate([fourth, third, fifth]):
        (tmp_path / f"{image_id}.png").write_bytes(b"")
        os.utime(tmp_path / f"{image_id}.png", (time_s, time_s))
    assert texts(plan.inputs(masks, [0])) == ["results/x/data/manifest.arrow"]
    assert texts(plan.inputs(masks, [1])) == ["results/x/data/manifest.arrow", str(tmp_path / f"{third}.png")]
    assert texts(plan.inputs(masks))[1:] == [str(tmp_path / f"{fifth}.png")]


def test_weights_in_the_folder_of_a_network_are_an_input_file(tmp_path: Path) -> None:
    plan = plan_of({"classifier": {"weights": str(tmp_path)}})
    assert str(tmp_path / "model.safetensors") in texts(plan.inputs(plan.find("classifier")))


def test_expected_figures_go_with_the_stage_as_the_report_calls_it(tmp_path: Path) -> None:
    base = {name: STAGES[name] for name in ("data", "classifier", "cams")}
    base["cams"] = {**base["cams"], "expected": {"val": 40}}
    (tmp_path / "base.yaml").write_text(json.dumps({"experiment": "base", "stages": base}))
    cams = {"method": "multiscale", "inputs": {"classifier": "base/classifier"}, "expected": {"val": 50}}
    report = {"inputs": {"stages": ["cams", "base/cams"], "data": "base/data"}}
    plan = Plan(Experiment.from_config({"experiment": "more", "stages": {"cams": cams, "report": report}}, tmp_path))
    settings = json.loads(plan.request(plan.find("report")))["settings"]
    assert settings["expected"] == {"cams": {"val": 50}, "base/cams": {"val": 40}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"seeds": {"expected": {"vall": 60}}},
            "'seeds': there is no split 'vall' in 'data'; did you mean 'val'",
        ),
        (
            {"report": {"expected": {"sseds": {"val": 1}}}},
            "'expected': there is no stage 'sseds'; .* 'seeds'",
        ),
        ({"report": {"expected": {"seeds": {"vla": 1}}}}, "'expected': there is no split 'vla'; did you mean 'val'"),
    ],
    ids=["split of a stage", "stage of the report", "split of the report"],
)
def test_expected_figures_of_what_is_not_there_are_refused(changes: Mapping[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        plan_of(changes)


def test_inputs_without_a_common_split_are_refused() -> None:
    changes = {
        "cams": {"splits": ["train"]},
        "regions": {"method": "slic", "splits": ["val"]},
        "seeds": {"method": "region_vote"},
    }
    with pytest.raises(SettingsError, match="stage 'seeds': its inputs 'cams' and 'regions' cover no split in common"):
        plan_of(changes)


def test_predictions_by_a_network_of_other_classes_are_refused() -> None:
    changes = {
        "few": {"kind": "data", "method": "scenes", "classes": ["car", "deer"]},
        "classifier": {"inputs": {"data": "data"}},
        "cams": {"inputs": {"data": "data"}},
        "predictions": {"inputs": {"data": "few"}},
        "evaluation": {"inputs": {"of": ["cams"]}},
        "report": {"inputs": {"stages": ["cams"]}},
    }
    with pytest.raises(SettingsError, match="'predictions': 'segmenter' was trained on the classes deer"):
        plan_of(changes)
