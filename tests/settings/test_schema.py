import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from wsss_core import registry
from wsss_core.settings import schema as module
from wsss_core.settings.base import SettingsError
from wsss_core.settings.experiment import Experiment
from wsss_core.settings.graph import RESERVED_KEYS
from wsss_core.settings.schema import FILE, experiment_schema, main, settings_model

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "config").rglob("*.yaml"))
TINY = yaml.safe_load((ROOT / "config/test/tiny.yaml").read_text())


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return experiment_schema()


@pytest.fixture(scope="module")
def validator(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_is_a_valid_one_of_draft_2020_12(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")


def test_the_committed_schema_is_current(schema: dict[str, Any]) -> None:
    committed = json.loads((ROOT / FILE).read_text(encoding="utf-8"))
    assert committed == schema, f"renew it: python -m {module.__name__} --write"


def test_printing_and_writing_give_the_same_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["--write"]).exit_code == 0
    assert CliRunner().invoke(main, []).output == (tmp_path / FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_config_of_the_project_fits_the_schema_and_loads(
    path: Path, validator: jsonschema.Draft202012Validator
) -> None:
    validator.validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert Experiment.load(path).name == path.stem


def test_every_setting_of_every_method_is_in_the_schema_with_its_text(schema: dict[str, Any]) -> None:
    for kind, methods in registry.METHODS.items():
        for method, entry in methods.items():
            definition = schema["$defs"][f"{kind}.{method}"]
            assert definition["additionalProperties"] is False
            for name, field in settings_model(entry).model_fields.items():
                assert definition["properties"][name]["description"] == " ".join((field.description or "").split())
                assert ("default" in definition["properties"][name]) is not field.is_required()


def test_every_stage_may_have_the_reserved_keys(schema: dict[str, Any]) -> None:
    assert set(RESERVED_KEYS) <= set(schema["$defs"]["variant"]["properties"])
    assert set(RESERVED_KEYS) - {"like"} <= set(schema["$defs"]["cams.multiscale"]["properties"])


def changed(path: str, value: object) -> dict[str, Any]:
    """The tiny experiment with one value set."""
    values = copy.deepcopy(TINY)
    *above, last = path.split(".")
    place = values
    for step in above:
        place = place[step]
    place[last] = value
    return values


FAULTS = [
    ("stage", {}),
    ("experiment", "with space"),
    ("compute.device", "gpu"),
    ("stages.seeds.treshold", 0.2),
    ("stages.seeds.threshold", 2),
    ("stages.seeds.splits", []),
    ("stages.seeds.inputs", {"cam": "cams"}),
    ("stages.seeds", {}),
    ("stages.seeds.method", "argmx"),
    ("stages.seeds_vote.kind", "seed"),
    ("stages.seeds_strict.treshold", 0.2),
    ("stages.other", {"method": "argmax"}),
    ("stages.classifier.network", "vgg61"),
    ("stages.classifier.epochs", 0),
    ("stages.cams.scales", []),
    ("stages.data", {"method": "voc"}),
    ("stages.evaluation.thresholds", {"cuont": 3}),
    ("stages.a/b", {"like": "seeds"}),
    ("stages.predictions", {"folder": "masks"}),
    ("stages.data.splits", ["train"]),
    ("stages.data.inputs", {"data": "data"}),
    ("stages.more", {"like": "data", "splits": ["train"]}),
    ("stages.more", {"like": "data", "inputs": {"data": "data"}}),
    ("stages.more", {"like": "other/seeds"}),
    ("stages.predictions", {"method": "precomputed", "folder": "masks", "file_name": "mask.png"}),
]


@pytest.mark.parametrize(("path", "value"), FAULTS)
def test_what_the_schema_refuses_loading_refuses_too(
    path: str, value: object, validator: jsonschema.Draft202012Validator
) -> None:
    values = changed(path, value)
    assert not validator.is_valid(values)
    with pytest.raises(SettingsError):
        Experiment.from_config(values, ROOT / "config/test")


def test_a_variant_of_a_data_stage_may_have_the_splits_of_its_own_method(
    validator: jsonschema.Draft202012Validator,
) -> None:
    validator.validate(changed("stages.more", {"like": "data", "seed": 3}))
    validator.validate(changed("stages.more", {"like": "data", "splits": {"train": "train_aug.txt"}}))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("stages.other", {"kind": "seeds", "method": "crf", "crf": {"iterations": 3}, "inputs": {"cams": "cams"}}),
        ("stages.other", {"like": "seeds", "method": "crf", "alpha": 8}),
        ("stages.other", {"like": "seeds", "splits": ["train"], "inputs": {"cams": "cams"}}),
        ("stages.data", {"method": "voc", "root": "/voc", "splits": {"train": "train.txt"}}),
        ("stages.segmenter.inputs", {"seeds": "seeds", "classifier": "classifier"}),
        ("stages.segmenter.inputs", {"seeds": "seeds", "classifier": None}),
        ("stages.evaluation.inputs", {"of": ["cams"], "data": "data"}),
        ("stages.predictions.crf", None),
        ("stages.predictions", {"method": "multiscale", "scales": [1.0]}),
        ("stages.predictions", {"method": "precomputed", "folder": "masks"}),
    ],
)
def test_what_loading_takes_the_schema_takes(
    path: str, value: object, validator: jsonschema.Draft202012Validator
) -> None:
    values = changed(path, value)
    validator.validate(values)
    assert Experiment.from_config(values, ROOT / "config/test").name == "tiny"
