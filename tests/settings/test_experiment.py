from pathlib import Path

import pytest
import yaml

from wsss_core.settings.base import SettingsError
from wsss_core.settings.experiment import Experiment, read_yaml

STAGES = {"data": {"method": "scenes"}, "regions": {"method": "slic"}}


def write(folder: Path, name: str = "demo", **changes: object) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"experiment": name, "stages": STAGES, **changes}))
    return path


def fault(path: Path) -> str:
    with pytest.raises(SettingsError) as error:
        Experiment.load(path)
    return str(error.value)


def test_an_experiment_knows_its_name_and_its_stages_in_the_order_of_the_file(tmp_path: Path) -> None:
    experiment = Experiment.load(write(tmp_path, stages=dict(reversed(STAGES.items()))))
    assert experiment.name == "demo"
    assert list(experiment.stages) == ["data", "regions"]  # safe_dump sorts the keys
    assert experiment.stages["regions"].ref == "demo/regions"


def test_the_seed_goes_to_every_stage(tmp_path: Path) -> None:
    experiment = Experiment.load(write(tmp_path, seed=7))
    assert {stage.seed for stage in experiment.stages.values()} == {7}


def test_a_mistyped_top_key_names_the_file_and_the_nearest_key(tmp_path: Path) -> None:
    path = write(tmp_path, stage={})
    assert fault(path) == f"{path}: unknown key 'stage'; did you mean 'stages'?"


def test_a_mistyped_compute_key_is_found(tmp_path: Path) -> None:
    assert "unknown key 'compute.devic'; did you mean 'device'?" in fault(write(tmp_path, compute={"devic": "cpu"}))


@pytest.mark.parametrize("device", ["gpu", "cuda:", "CPU"])
def test_devices_other_than_auto_cpu_cuda_are_refused(tmp_path: Path, device: str) -> None:
    assert "key 'compute.device'" in fault(write(tmp_path, compute={"device": device}))


@pytest.mark.parametrize("results", ["", "a{b}", "two\nlines", "a, b", "~/results"])
def test_results_folders_that_a_rule_cannot_hold_are_refused(tmp_path: Path, results: str) -> None:
    assert "key 'compute.results': value error, expected a" in fault(write(tmp_path, compute={"results": results}))


@pytest.mark.parametrize("results", ["it's here", 'a "b" $c', "/data/été", "up,and"])
def test_results_folders_with_quotes_and_spaces_are_taken(tmp_path: Path, results: str) -> None:
    assert Experiment.load(write(tmp_path, compute={"results": results})).file.compute.results == results


def test_a_negative_seed_is_refused_before_a_training_meets_it(tmp_path: Path) -> None:
    assert "key 'seed': input should be greater than or equal to 0, found -1" in fault(write(tmp_path, seed=-1))


def test_two_stages_of_one_name_are_refused_instead_of_losing_the_first(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text("experiment: demo\nstages:\n  data: {method: scenes}\n  regions: {method: slic}\n  data: {}\n")
    expected = f"{path}, line 5: key 'data' stands in line 3 already; rename or remove one of the two"
    assert fault(path) == expected
    path.write_text("experiment: demo\nstages: {data: {method: scenes, method: voc}}\n")
    assert "line 2: key 'method' stands in line 2 already" in fault(path)


def test_keys_that_an_anchor_brings_may_be_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: &b {<<: *a, x: 3}\nc: {<<: *b, y: 4}\nd: [*a, {x: 5}]\n")
    assert read_yaml(path)["c"] == {"x": 3, "y": 4}


@pytest.mark.parametrize("name", ["a/b", "", ".hidden", "with space", "../up"])
def test_names_that_cannot_be_folders_are_refused(tmp_path: Path, name: str) -> None:
    assert "key 'experiment'" in fault(write(tmp_path, "demo", experiment=name))
    assert "key 'stages." in fault(write(tmp_path, "demo", stages={name: {"kind": "data"}}))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"config .*none\.yaml does not exist"):
        Experiment.load(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1", "is not valid YAML"),
        ("- a list", "expected keys such as `experiment:` and `stages:`, found list"),
        ("", "found NoneType"),
    ],
)
def test_a_file_that_is_no_mapping_is_explained(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"demo\.yaml") as error:
        read_yaml(path)
    assert expected in str(error.value)


def test_a_file_of_other_bytes_is_explained(tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_bytes(b"a: \xff\xfe")
    with pytest.raises(SettingsError, match="is not valid YAML"):
        read_yaml(tmp_path / "demo.yaml")


def test_a_stage_of_another_experiment_keeps_that_experiments_seed_and_name(tmp_path: Path) -> None:
    write(tmp_path, "base", seed=3)
    path = write(
        tmp_path, "more", stages={"again": {"kind": "regions", "method": "slic", "inputs": {"data": "base/data"}}}
    )
    experiment = Experiment.load(path)
    assert list(experiment.graph.stages) == ["base/data", "more/again"]
    assert experiment.graph.stages["base/data"].seed == 3
    assert list(experiment.stages) == ["again"]


def test_a_missing_other_experiment_is_named_with_its_file(tmp_path: Path) -> None:
    path = write(tmp_path, stages={"regions": {"method": "slic", "inputs": {"data": "base/data"}}})
    assert f"a stage of experiment 'base' is used, but {tmp_path / 'base.yaml'} does not exist" in fault(path)


def test_another_experiment_must_be_called_as_its_file(tmp_path: Path) -> None:
    write(tmp_path, "base", experiment="other")
    path = write(tmp_path, stages={"regions": {"method": "slic", "inputs": {"data": "base/data"}}})
    assert "expected `experiment: base` as the file is called, found 'other'" in fault(path)


def test_a_fault_in_another_experiment_names_it(tmp_path: Path) -> None:
    write(tmp_path, "base", stages={"data": {"method": "scenes", "widht": 80}})
    path = write(tmp_path, stages={"regions": {"method": "slic", "inputs": {"data": "base/data"}}})
    assert fault(path) == "stage 'base/data': unknown key 'widht'; did you mean 'width'?"
