import json
from pathlib import Path

import pytest

import wsss_core
from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.commands import places
from wsss_core.commands.places import finished_stage, finished_stages, locate, results_folder, workflow_root
from wsss_core.settings.base import SettingsError


def make_stage(folder: Path, kind: str = "seeds") -> Path:
    folder.mkdir(parents=True)
    (folder / "stage.json").write_text(json.dumps({"kind": kind}))
    return folder


def make_checkout(folder: Path) -> Path:
    (folder / "workflow_scripts").mkdir(parents=True)
    (folder / "Snakefile").touch()
    return folder


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder is empty and the package is installed without its checkout."""
    monkeypatch.setattr(wsss_core, "__file__", str(tmp_path / "site-packages/wsss_core/__init__.py"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def test_the_checkout_of_the_package_is_found(away: Path) -> None:
    root = make_checkout(away.parent / "site-packages")
    assert workflow_root() == root
    assert results_folder() == root / "results"


def test_the_current_checkout_is_found(away: Path) -> None:
    make_checkout(away)
    assert workflow_root() == away


def test_a_package_without_checkout_says_what_to_do(away: Path) -> None:
    with pytest.raises(FileNotFoundError, match="pip install -e"):
        workflow_root()


def test_results_of_the_current_folder_come_first(away: Path) -> None:
    make_checkout(away.parent / "site-packages")
    (away / "results").mkdir()
    assert results_folder() == away / "results"


def test_a_reference_names_experiment_and_stage(away: Path) -> None:
    (away / "results").mkdir()
    assert locate("demo") == (away / "results/demo", None)
    assert locate("demo/seeds") == (away / "results/demo", "seeds")
    assert locate("results/demo/seeds") == (away / "results/demo", "seeds")


def test_a_path_names_them_too(away: Path) -> None:
    folder = make_stage(away.parent / "elsewhere/demo/seeds")
    assert locate(str(folder)) == (folder.parent, "seeds")
    assert locate(str(folder.parent)) == (folder.parent, None)


@pytest.mark.parametrize("reference", ["a/b/c", "", "../x", "a/.."])
def test_other_references_are_refused(away: Path, reference: str) -> None:
    (away / "results").mkdir()
    with pytest.raises(SettingsError, match="expected EXPERIMENT"):
        locate(reference)


def test_stages_are_listed_by_name(tmp_path: Path) -> None:
    make_stage(tmp_path / "demo/seeds")
    make_stage(tmp_path / "demo/cams", "cams")
    (tmp_path / "demo/unfinished").mkdir()
    assert [(stage.name, stage.kind) for stage in finished_stages(tmp_path / "demo")] == [
        ("cams", "cams"),
        ("seeds", "seeds"),
    ]


def test_a_mistyped_experiment_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    make_stage(tmp_path / "quickstart/seeds")
    with pytest.raises(FileNotFoundError, match=r"did you mean 'quickstart'.*`wsss run`"):
        finished_stages(tmp_path / "quikstart")


def test_an_experiment_without_results_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no finished stage yet"):
        finished_stages(tmp_path)


def test_an_unfinished_stage_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no finished stage"):
        finished_stage(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        finished_stage(tmp_path / "none")


def test_a_broken_stage_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / places.STAGE_FILE).write_text("{")
    with pytest.raises(ArtifactError, match="run the stage"):
        finished_stage(tmp_path)
