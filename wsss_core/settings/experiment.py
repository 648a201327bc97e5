"""The experiment file: one YAML with a name, a seed, the machine's share and a graph of stages.

A graph may use stages of another file beside it by `other_experiment/stage`; those are resolved, too, with their own
settings, so that two experiments that share a stage share its result.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pydantic
import yaml
from pydantic import Field

from wsss_core.settings.base import Settings, SettingsError
from wsss_core.settings.graph import Graph, Stage, resolve_stages
from wsss_core.settings.paths import relative_to
from wsss_core.settings.resources import ClusterSettings, ResourceTable

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class ComputeSettings(Settings):
    """What a job may use of the machine. Changing it reruns nothing."""

    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    """auto (CUDA when there is one), cpu, cuda or cuda:n."""
    training_threads: Annotated[int, Field(ge=1)] = 2
    """Torch threads of a training. Fixed here, not taken from the cores at hand, because sums in another order change
    the last bits and with them, in the end, the labels."""
    loader_workers: Annotated[int, Field(ge=0)] = 0
    """Processes that prepare training samples; results do not depend on it."""
    training_processes: Annotated[int, Field(ge=1)] = 1
    """Processes (with CUDA: cards) that share every batch of a training, started by torchrun. Batch, rate and steps
    stay the same, and the loss up to rounding where neither batch norm nor the loss depends on the whole batch; as
    with `training_threads`, a change reruns nothing."""
    resources: ResourceTable = Field(default={})
    """Kind of stage -> what each of its jobs asks for, where the usual amounts do not fit."""
    cluster: ClusterSettings = ClusterSettings()
    """What all jobs tell the scheduler of a cluster; used with `--profile slurm`."""
    results: str = "results"
    """Folder of all results, relative to the folder the workflow runs in."""

    @pydantic.field_validator("results")
    @classmethod
    def _results_can_be_in_a_rule(cls, value: str) -> str:
        odd = sorted({sign for sign in value if sign in "{}" or not sign.isprintable()})
        if odd or ", " in value or not value.strip():
            raise ValueError("expected a folder without braces, line breaks and a comma before a space: names in rules")
        if value.startswith("~"):
            raise ValueError("expected a path, and `~` is not replaced by the home folder; write it out")
        return value


class ExperimentFile(Settings):
    """What an experiment file may contain."""

    experiment: Name
    """Name of the experiment: results go to results/<experiment>/. By custom the file's own name."""
    description: str = ""
    """What it is about; shown in the report."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of everything random in all stages."""
    compute: ComputeSettings = ComputeSettings()
    """What jobs may use of the machine."""
    stages: dict[Name, dict[str, Any]]
    """Stage name -> kind, method, inputs, splits, and the method's settings."""


class Experiment(pydantic.BaseModel):
    """A checked experiment: its file and its resolved graph (with the stages of other experiments it uses)."""

    model_config = pydantic.ConfigDict(frozen=True, arbitrary_types_allowed=True)

    file: ExperimentFile
    graph: Graph

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self.file.experiment

    @property
    def stages(self) -> dict[str, Stage]:
        """The experiment's own stages by name, in the order of the file."""
        return {name: self.graph.stages[f"{self.name}/{name}"] for name in self.file.stages}

    @classmethod
    def load(cls, path: Path | str) -> "Experiment":
        """Experiment from a YAML file. Raises `SettingsError` or `FileNotFoundError` in plain words."""
        path = Path(path)
        return cls.from_config(read_yaml(path), path.parent, str(path))

    @classmethod
    def from_config(cls, config: Mapping[str, object], folder: Path | str, where: str = "config") -> "Experiment":
        """Experiment from the values of a file; `folder` is its own, where other experiments' files are looked up.

        What relative paths are relative to depends on it, too: see `settings.paths`.
        """
        file = ExperimentFile.parse(config, where)
        others: dict[str, ExperimentFile] = {}

        def find(name: str) -> ExperimentFile:
            if name not in others:
                others[name] = _read_other(name, Path(folder), where)
            return others[name]

        return cls(file=file, graph=Graph(resolve_stages(file, find, relative_to(Path(folder)))))


def read_yaml(path: Path) -> dict[str, object]:
    """Values of a YAML file with a mapping at its top."""
    if not path.is_file():
        raise FileNotFoundError(f"config {path} does not exist")
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_repeated_keys(yaml.compose(text, Loader=yaml.SafeLoader), path)
        values = yaml.safe_load(text)
    except SettingsError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, or no date as it seemed
        raise SettingsError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: expected keys such as `experiment:` and `stages:`, found {type(values).__name__}")
    return values


def _refuse_repeated_keys(root: yaml.Node | None, path: Path) -> None:
    """Of two equal keys, such as two stages of one name, YAML would silently take the last."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:  # an alias leads to a node a second time
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        if isinstance(node, yaml.MappingNode):
            _refuse_repeated_keys_of(node, path)
            waiting.extend(value for _, value in node.value)


def _refuse_repeated_keys_of(node: yaml.MappingNode, path: Path) -> None:
    first: dict[str, yaml.Node] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and first.setdefault(key.value, key) is not key:
            raise SettingsError(
                f"{path}, line {key.start_mark.line + 1}: key {key.value!r} stands in line "
                f"{first[key.value].start_mark.line + 1} already; rename or remove one of the two"
            )


def _read_other(name: str, folder: Path, where: str) -> ExperimentFile:
    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise SettingsError(f"{where}: a stage of experiment {name!r} is used, but {path} does not exist")
    file = ExperimentFile.parse(read_yaml(path), str(path))
    if file.experiment != name:
        raise SettingsError(f"{path}: expected `experiment: {name}` as the file is called, found {file.experiment!r}")
    return file
