"""Where things lie: the checkout with the workflow, the results folder, an experiment's stages."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import wsss_core
from wsss_core.settings.base import SettingsError, nearest
from wsss_core.settings.experiment import Experiment
from wsss_core.stages.provenance import FILE_NAME as STAGE_FILE
from wsss_core.stages.provenance import read_provenance

RESULTS = "results"
CONFIG_ENDINGS = (".yaml", ".yml")


def workflow_root() -> Path:
    """The folder with the Snakefile: the checkout that the package is installed from, else the current folder.

    Raises `FileNotFoundError` when neither holds the workflow (a package installed without its checkout).
    """
    package = Path(wsss_core.__file__).resolve().parent.parent
    for folder in (package, Path.cwd()):
        if (folder / "Snakefile").is_file() and (folder / "workflow_scripts").is_dir():
            return folder
    raise FileNotFoundError(
        f"expected the workflow (Snakefile, workflow_scripts/) in {package} or in {Path.cwd()}, found none. To do: "
        "install the package from its checkout with `pip install -e .`, or call wsss inside the checkout."
    )


def results_folder() -> Path:
    """The folder of all results: `results` of the current folder where there is one, else of the checkout."""
    here = Path.cwd() / RESULTS
    return here if here.is_dir() else workflow_root() / RESULTS


@dataclass(frozen=True)
class FinishedStage:
    """A stage that has results in `folder`; `about` is the content of its `stage.json`."""

    experiment: str
    name: str
    folder: Path
    about: Mapping[str, object]

    @property
    def kind(self) -> str:
        """Kind of the stage."""
        return str(self.about.get("kind"))


def finished_stage(folder: Path) -> FinishedStage:
    """The stage whose results lie in `folder`. Raises `FileNotFoundError`, or `ArtifactError` for a broken file."""
    path = folder / STAGE_FILE
    if not path.is_file():
        reason = "the folder holds no finished stage" if folder.is_dir() else "there is no such folder"
        raise FileNotFoundError(
            f"expected {path}, but {reason}. To do: `wsss run` the experiment, or correct the path."
        )
    return FinishedStage(folder.parent.name, folder.name, folder, read_provenance(folder))


def finished_stages(experiment: Path) -> list[FinishedStage]:
    """All stages of an experiment folder that have results, by name. Raises `FileNotFoundError` when there is none."""
    if not experiment.is_dir():
        known = [path.name for path in experiment.parent.glob("*/") if path.is_dir()]
        raise FileNotFoundError(
            f"there are no results of {experiment.name!r} in {experiment.parent}; {nearest(experiment.name, known)}. "
            "To do: `wsss run` the experiment, or correct the name."
        )
    found = [finished_stage(path.parent) for path in sorted(experiment.glob(f"*/{STAGE_FILE}"))]
    if not found:
        raise FileNotFoundError(f"{experiment} holds no finished stage yet. To do: `wsss run` the experiment.")
    return found


def locate(reference: str) -> tuple[Path, str | None]:
    """Folder of the experiment and name of the stage (or None) that `experiment[/stage]` or a path names.

    A path is taken as it is: to a stage folder (one with a `stage.json`), to an experiment folder or to its config.
    """
    path = Path(reference)
    if path.suffix in CONFIG_ENDINGS and path.is_file():
        experiment = Experiment.load(path)
        return workflow_root() / experiment.file.compute.results / experiment.name, None
    if (path / STAGE_FILE).is_file():
        return path.resolve().parent, path.resolve().name
    if path.is_dir() and any(path.glob(f"*/{STAGE_FILE}")):
        return path.resolve(), None
    names = [part for part in reference.split("/") if part]
    if names[:1] == [RESULTS]:
        names = names[1:]
    if len(names) not in (1, 2) or ".." in names:
        raise SettingsError(f"expected EXPERIMENT, EXPERIMENT/STAGE or a folder of results, found {reference!r}")
    return results_folder() / names[0], names[1] if len(names) == 2 else None
