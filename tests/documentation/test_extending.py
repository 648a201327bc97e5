"""The methods of the page on extending: taken from it, registered as it says, and run on made-up images."""

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from documentation.pages import DOCS, ROOT, Block, blocks
from in_process import run_experiment, shrunk
from workflow.checkout import copy_sources, edit_config, run

from wsss_core import registry
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.settings.experiment import Experiment
from wsss_core.stages.per_image import rows_of

PAGE = DOCS / "extending.md"
MOST_LINES = 45
"""Lines of code of a method with its settings model: about thirty of the module and a dozen of the model."""


def page_blocks(language: str, title: str) -> list[Block]:
    return [block for block in blocks(PAGE) if block.language == language and block.title.startswith(title)]


MODULES = {block.title: block.text for block in page_blocks("python", "wsss_core/")}
LINES = {block.title.removeprefix("registry: "): block.text for block in page_blocks("python", "registry: ")}
STAGES = {name: keys for block in page_blocks("yaml", "") for name, keys in yaml.safe_load(block.text).items()}
ROOMS = sorted({Path(name).parent.name for name in MODULES})


def new_methods() -> dict[str, dict[str, registry.Method]]:
    """Kind -> methods, as the page's lines define them within the registry."""
    return {kind: eval(f"{{{text}}}", vars(registry)) for kind, text in LINES.items()}


@pytest.fixture
def registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page's modules can be imported, and the registry knows its methods."""
    for name, text in MODULES.items():
        file = tmp_path / "code" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for room in ROOMS:
        package = importlib.import_module(f"wsss_core.{room}")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / "code/wsss_core" / room)])
    for kind, methods in new_methods().items():
        monkeypatch.setitem(registry.METHODS, kind, {**registry.METHODS[kind], **methods})  # type: ignore[misc]
    yield
    for name in MODULES:
        sys.modules.pop(name.removesuffix(".py").replace("/", "."), None)


def experiment(folder: Path) -> Path:
    """The tiny experiment with the page's stages, without what they do not need."""
    values = shrunk(yaml.safe_load((ROOT / "config/test/tiny.yaml").read_text()), classifier={"epochs": 1})
    kept = {name: keys for name, keys in values["stages"].items() if name in ("data", "classifier", "cams")}
    stages = {**kept, **{name: {**keys, **INPUTS[name]} for name, keys in STAGES.items()}}
    path = folder / "tiny.yaml"
    compute = {"device": "cpu", "training_threads": 1, "results": str(folder / "results")}
    path.write_text(yaml.safe_dump({**values, "compute": compute, "stages": stages}, sort_keys=False))
    return path


INPUTS = {
    "seeds_otsu": {"inputs": {"cams": "cams"}},
    "refined_guided": {"inputs": {"cams": "cams"}},
    "cams_strongest": {},
}
"""In an experiment with two stages of CAMs, which of them is meant."""


def test_the_page_has_a_method_of_each_of_three_kinds() -> None:
    assert set(LINES) == {"seeds", "refined_cams", "cams"}
    assert len(MODULES) == 2 * len(LINES)
    assert len(STAGES) == len(LINES)


def test_each_is_about_thirty_lines() -> None:
    for module in [name for name in MODULES if not name.startswith("wsss_core/settings/")]:
        settings = MODULES[f"wsss_core/settings/{Path(module).name}"]
        code = [line for text in (MODULES[module], settings) for line in text.splitlines() if line.strip()]
        assert len(code) <= MOST_LINES, module


@pytest.mark.parametrize("name", list(MODULES))
def test_code_of_the_page_is_written_as_the_rules_want_it(name: str) -> None:
    tree = ast.parse(MODULES[name])
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node in tree.body:
            assert ast.get_docstring(node), node.name
        if isinstance(node, ast.FunctionDef):
            assert node.returns is not None
            assert all(argument.annotation for argument in node.args.args)
    assert max(map(len, MODULES[name].splitlines())) <= 120


@pytest.mark.usefixtures("registered")
def test_the_methods_run_in_an_experiment(tmp_path: Path) -> None:
    plan = run_experiment(experiment(tmp_path))
    results = tmp_path / "results/tiny"
    assert {plan.find(name).method for name in STAGES} == {"otsu", "guided_filter", "strongest_scale"}
    tags = {row.image_id: row for row in rows_of(results / "cams", "cams")}
    seeds = [row for row in rows_of(results / "seeds_otsu", "seeds") if isinstance(row, LabelRow)]
    assert len(seeds) == len(tags) == 12
    assert all(set(np.unique(row.label_HW)) <= {0, *tags[row.image_id].class_ids} for row in seeds)  # type: ignore[union-attr]
    for stage, kind in (("refined_guided", "refined_cams"), ("cams_strongest", "cams")):
        for row in rows_of(results / stage, kind):
            assert isinstance(row, CamRow)
            scores = row.scores()
            assert scores.shape == (len(row.class_ids), 48, 64)
            assert scores.min(initial=0) >= 0
            assert scores.max(initial=0) <= 1


@pytest.mark.usefixtures("registered")
def test_a_wrong_setting_of_theirs_is_refused_with_the_right_one_named(tmp_path: Path) -> None:
    path = experiment(tmp_path)
    path.write_text(path.read_text().replace("side_px", "side_pixels"))
    with pytest.raises(ValueError, match="unknown key 'side_pixels'; did you mean 'side_px'"):
        Experiment.load(path)


@pytest.mark.slow
def test_they_run_in_the_real_workflow(tmp_path: Path) -> None:
    folder = copy_sources(tmp_path / "checkout")
    for name, text in MODULES.items():
        (folder / name).write_text(text, encoding="utf-8")
    path = folder / "wsss_core/registry.py"
    text = path.read_text()
    for kind, lines in LINES.items():
        text = re.sub(rf'^    "{kind}": {{$', rf'    "{kind}": {{\n{lines.rstrip()}', text, flags=re.MULTILINE)
    path.write_text(text)
    for name, keys in STAGES.items():
        edit_config(folder, {f"stages.{name}": {**keys, **INPUTS[name]}})
    run(folder, *(f"results/tiny/{name}/stage.json" for name in STAGES))
    assert len(list(rows_of(folder / "results/tiny/seeds_otsu", "seeds"))) == 12
