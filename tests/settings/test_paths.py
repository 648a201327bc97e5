"""What relative paths of experiment files are relative to."""

from pathlib import Path

import pytest
import yaml

from wsss_core import registry
from wsss_core.settings.experiment import Experiment
from wsss_core.settings.paths import WORKFLOW_FILE, relative_to, where_it_leads
from wsss_core.settings.schema import settings_model

FILE_SETTINGS = {"weights", "folder", "low_folder", "high_folder", "root", "tags"}
"""Names of settings that are paths in every method that has them."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    stages = {
        "data": {"method": "folder", "images": "photos", "tags": "../tags.csv", "truth": "/abs/masks"},
        "regions": {"method": "mobile_sam"},
        "classifier": {"method": "psa", "weights": "vgg16.pth"},
    }
    path = tmp_path / "mine" / "pets.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump({"experiment": "pets", "stages": stages}))
    return path


def test_outside_of_a_checkout_paths_start_from_the_folder_of_the_file(config: Path) -> None:
    stages = Experiment.load(config).stages
    data, mine = stages["data"].settings, config.parent
    assert (data.images, data.truth) == (str(mine / "photos"), "/abs/masks")
    assert Path(data.tags).resolve() == mine.parent / "tags.csv"
    assert stages["classifier"].settings.weights == mine / "vgg16.pth"


def test_defaults_start_from_the_checkout_wherever_the_file_lies(config: Path) -> None:
    assert Experiment.load(config).stages["regions"].settings.weights == "weights/mobile_sam.pt"


def test_inside_a_checkout_paths_stay_as_written_so_that_it_can_move(config: Path, tmp_path: Path) -> None:
    (tmp_path / WORKFLOW_FILE).touch()
    stages = Experiment.load(config).stages
    assert (stages["data"].settings.images, stages["data"].settings.tags) == ("photos", "../tags.csv")
    assert stages["classifier"].settings.weights == Path("vgg16.pth")


@pytest.mark.parametrize("inside", [True, False])
def test_a_tilde_is_the_home_folder(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    config.write_text(config.read_text().replace("vgg16.pth", "~/vgg16.pth"))
    if inside:
        (tmp_path / WORKFLOW_FILE).touch()
    assert Experiment.load(config).stages["classifier"].settings.weights == Path("/home/ann/vgg16.pth")


def test_the_configs_of_the_project_lie_inside() -> None:
    assert relative_to(Path(__file__).parents[2] / "config/test") is None


@pytest.mark.parametrize(
    ("kind", "method"), [(kind, method) for kind, methods in registry.METHODS.items() for method in methods]
)
def test_every_setting_that_is_called_like_a_path_is_resolved(kind: str, method: str, tmp_path: Path) -> None:
    model = settings_model(registry.METHODS[kind][method])
    named = FILE_SETTINGS & set(model.model_fields)
    others = {name: "a" for name, field in model.model_fields.items() if field.is_required() and name not in named}
    others |= {"network": "vgg16"} if "network" in others else {}
    parsed = model.parse({**others, **dict.fromkeys(named, "here")}, "stage", folder=tmp_path)
    assert {str(getattr(parsed, name)) for name in named} <= {str(tmp_path / "here")}
    again = model.parse(parsed.model_dump(mode="json"), "request")
    assert again == parsed


def test_an_error_shows_where_a_relative_path_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert where_it_leads(Path("/a/b")) == "/a/b"
    told = where_it_leads(Path("../b"))
    assert told.startswith(f"../b (that is {tmp_path}/../b: paths in a file inside the checkout")
