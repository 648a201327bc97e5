from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from wsss_core.cli import main
from wsss_core.commands.folder_config import RECIPES, FolderConfig
from wsss_core.commands.new import experiment_name
from wsss_core.settings.experiment import Experiment

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def here(photos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(photos)
    return photos


def new(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["new", *map(str, arguments)])


def test_the_written_experiment_loads_and_has_the_whole_chain(here: Path) -> None:
    result = new("--images", "photos", "--tags", "tags.csv")
    assert result.exit_code == 0, result.output
    experiment = Experiment.load(here / "photos.yaml")
    kinds = {stage.kind for stage in experiment.stages.values()}
    assert {"data", "classifier", "cams", "refined_cams", "seeds", "segmenter", "predictions", "report"} <= kinds
    assert experiment.stages["seeds"].inputs["cams"] == ("photos/refined_cams",)


def test_paths_are_absolute_so_that_the_workflow_finds_them(here: Path) -> None:
    new("--images", "photos", "--tags", "tags.csv")
    data = yaml.safe_load((here / "photos.yaml").read_text())["stages"]["data"]
    assert data["images"] == str(here / "photos")
    assert data["tags"] == str(here / "tags.csv")


def test_the_next_commands_are_printed(here: Path) -> None:
    result = new("--images", "photos", "--tags", "tags.csv", "--out", "my pets.yaml", "--name", "pets")
    assert "an experiment on 24 images with 2 classes (cat, dog)" in result.output
    for command in ("doctor", "plan", "run"):
        assert f"wsss {command} 'my pets.yaml'" in result.output


def test_every_stage_has_a_comment(here: Path) -> None:
    new("--images", "photos", "--tags", "tags.csv")
    text = (here / "photos.yaml").read_text()
    for stage in yaml.safe_load(text)["stages"]:
        [line] = [line for line in text.splitlines() if line.startswith(f"  {stage}:")]
        before = text[: text.index(line)].splitlines()[-1]
        assert "#" in line or before.lstrip().startswith("#")


def test_class_folders_need_no_table(here: Path) -> None:
    for name in ("cat", "dog"):
        (here / "sorted" / name).mkdir(parents=True)
        (here / "sorted" / name / "1.png").write_bytes((here / "photos/ein Bild 0.png").read_bytes())
    result = new("--images", "sorted")
    assert result.exit_code == 0, result.output
    assert "tags: null" in (here / "sorted.yaml").read_text()


def test_awkward_folder_names_survive(here: Path) -> None:
    folder = here / 'Urlaub "ä" #1: {x}'
    (here / "photos").rename(folder)
    result = new("--images", folder, "--tags", "tags.csv", "--out", "x.yaml")
    assert result.exit_code == 0, result.output
    assert yaml.safe_load((here / "x.yaml").read_text())["stages"]["data"]["images"] == str(folder)


@pytest.mark.parametrize("network", RECIPES)
def test_every_network_gives_a_valid_experiment(here: Path, network: str) -> None:
    (here / "weights.pth").touch()
    result = new("--images", "photos", "--tags", "tags.csv", "--network", network, "--weights", "weights.pth")
    assert result.exit_code == 0, result.output
    stages = Experiment.load(here / "photos.yaml").stages
    assert {stages[name].settings.network for name in ("classifier", "affinity", "segmenter")} == {network}
    for follower in ("affinity", "segmenter"):
        assert stages[follower].inputs["classifier"] == ("photos/classifier",)
    assert "random numbers" not in result.output


def test_an_existing_file_is_kept_unless_forced(here: Path) -> None:
    (here / "photos.yaml").write_text("mine")
    result = new("--images", "photos", "--tags", "tags.csv")
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert (here / "photos.yaml").read_text() == "mine"
    assert new("--images", "photos", "--tags", "tags.csv", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--images", "none", "--tags", "tags.csv"], "none"),
        (["--images", "photos", "--tags", "none.csv"], "none.csv"),
        (["--images", "photos", "--tags", "tags.csv", "--truth", "none"], "--truth none"),
        (["--images", "photos", "--tags", "tags.csv", "--weights", "none"], "--weights none"),
        (["--images", "photos", "--tags", "tags.csv", "--name", "a b"], "experiment"),
    ],
)
def test_wrong_arguments_write_nothing(here: Path, arguments: list[str], message: str) -> None:
    result = new(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert list(here.glob("*.yaml")) == []


@pytest.mark.parametrize(
    ("folder", "name"), [("photos", "photos"), ("Meine Bilder (1)", "Meine_Bilder_1"), ("写真", "photos"), (".x", "x")]
)
def test_names_of_experiments_come_from_the_folder(tmp_path: Path, folder: str, name: str) -> None:
    assert experiment_name(tmp_path / folder) == name


@pytest.mark.parametrize("name", ["2024", "1e3", "true", "null", "2024-05-01", "0x1F", "photos"])
def test_names_that_yaml_takes_for_something_else_stay_names(name: str) -> None:
    text = FolderConfig(name, Path("a"), None, None, "small", None, 20).text()
    assert Experiment.from_config(yaml.safe_load(text), Path("nowhere")).name == name


def test_small_sets_get_more_epochs_and_smaller_parts() -> None:
    few, many = (FolderConfig("x", Path("a"), None, None, "small", None, count) for count in (20, 10_000))
    assert (few.epochs, many.epochs) == (100, 15)
    assert (few.part_size, many.part_size) == (20, 500)


def test_annotations_classes_and_tags_of_nothing_reach_the_file(here: Path) -> None:
    image = '<image id="0" name="ein Bild {}.png" width="24" height="20"><tag label="{}"/></image>'
    names = [image.format(number, ("cat", "intact")[number % 2]) for number in range(24)]
    (here / "tags.xml").write_text(f"<annotations>{''.join(names)}</annotations>")
    result = new("--images", "photos", "--tags", "tags.xml", "--no-class", "intact, background", "--classes", "cat")
    assert result.exit_code == 0, result.output
    data = yaml.safe_load((here / "photos.yaml").read_text())["stages"]["data"]
    assert (data["classes"], data["no_class"]) == (["cat"], ["intact", "background"])


def test_tags_from_masks_need_masks_and_classes(here: Path) -> None:
    result = new("--images", "photos", "--tags-from-masks")
    assert result.exit_code == 2
    assert "tag_source: masks needs `truth`" in result.stderr


def test_a_large_network_without_weights_is_warned_of(here: Path) -> None:
    result = new("--images", "photos", "--tags", "tags.csv", "--network", "resnet50")
    assert result.exit_code == 0, result.output
    assert "resnet50 will start from random numbers" in result.output
    assert "random numbers" not in new("--images", "photos", "--tags", "tags.csv", "--force").output


def test_the_small_network_learns_as_in_the_quick_start(here: Path) -> None:
    new("--images", "photos", "--tags", "tags.csv")
    mine = yaml.safe_load((here / "photos.yaml").read_text())["stages"]
    quickstart = yaml.safe_load((ROOT / "config/quickstart.yaml").read_text())["stages"]
    for stage in ("classifier", "affinity", "segmenter"):
        keys = ("optimiser", "learning_rate", "new_layer_rate", "momentum", "weight_decay", "warmup_steps", "freeze")
        assert {key: mine[stage].get(key) for key in keys} == {key: quickstart[stage].get(key) for key in keys}
    for key in ("alpha_low", "alpha_high"):
        assert mine["affinity_labels"][key] == quickstart["affinity_labels"][key]
    assert mine["refined_cams"]["alpha"] == quickstart["refined_cams"]["alpha"]
