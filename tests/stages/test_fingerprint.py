"""The laws of the fingerprint, on a small package made for it and on the real methods."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from wsss_core import registry
from wsss_core.networks.names import network_modules
from wsss_core.stages import fingerprint
from wsss_core.stages.fingerprint import ROOT, code_fingerprint, reachable

CACHED = (fingerprint.code_fingerprint, fingerprint._tree, fingerprint._imports, fingerprint._normalised)
ROOTS = ("scripts/run.py", "wsss_core.method")
METHOD = "from wsss_core.part import thing\n\n\ndef make(x: int) -> int:\n    return x + 1\n"
FILES = {
    "scripts/run.py": "import wsss_core.driver\n",
    "wsss_core/__init__.py": "",
    "wsss_core/driver.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import wsss_core.typing_only\n",
    "wsss_core/method.py": f'"""Method."""\n{METHOD}',
    "wsss_core/part/__init__.py": "",
    "wsss_core/part/thing.py": "def lazily():\n    import wsss_core.late\n",
    "wsss_core/late.py": "import os, numpy\nfrom wsss_core.settings import base\n",
    "wsss_core/typing_only.py": "import wsss_core.other\n",
    "wsss_core/other.py": "A = 1\n",
    "wsss_core/settings/__init__.py": "",
    "wsss_core/settings/base.py": "import wsss_core.other\n",
}


def forget() -> None:
    for function in CACHED:
        function.cache_clear()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout with a script, a method and what they import."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path)
    forget()
    yield tmp_path
    forget()


def after(package: Path, file: str, text: str) -> str:
    """The fingerprint once `file` holds `text`."""
    (package / file).write_text(text)
    forget()
    return code_fingerprint(ROOTS)


def test_imports_are_followed_into_functions_but_not_into_settings_or_annotations(package: Path) -> None:
    assert reachable(ROOTS) == {
        *ROOTS,
        "wsss_core",
        "wsss_core.driver",
        "wsss_core.late",
        "wsss_core.part",
        "wsss_core.part.thing",
    }


@pytest.mark.parametrize(
    "text",
    [
        f'"""Another text."""\n{METHOD}',
        METHOD.replace("x + 1", "x + 1  # why"),
        'from wsss_core.part import thing\ndef make(x:int)->int:\n  "It adds."\n  return (x+1)\n',
        METHOD.replace("(x: int)", "(\n    x: int,\n)").replace("thing", "(\n    thing,\n)"),
    ],
    ids=["module text", "comment", "format and docstring", "line breaks"],
)
def test_text_and_format_keep_the_fingerprint(package: Path, text: str) -> None:
    before = code_fingerprint(ROOTS)
    assert after(package, "wsss_core/method.py", text) == before


@pytest.mark.parametrize(
    "file", ["scripts/run.py", "wsss_core/method.py", "wsss_core/late.py", "wsss_core/part/__init__.py"]
)
def test_a_change_of_any_reachable_code_changes_it(package: Path, file: str) -> None:
    before = code_fingerprint(ROOTS)
    assert after(package, file, f"{FILES[file]}\nX = 2\n") != before


@pytest.mark.parametrize("file", ["wsss_core/other.py", "wsss_core/typing_only.py", "wsss_core/settings/base.py"])
def test_a_change_of_unreachable_code_keeps_it(package: Path, file: str) -> None:
    before = code_fingerprint(ROOTS)
    assert after(package, file, f"{FILES[file]}\nX = 2\n") == before


def test_a_constant_a_default_and_a_decorator_are_code(package: Path) -> None:
    base = METHOD.replace("int)", "int = 1)")
    texts = [base, base.replace("x + 1", "x + 2"), base.replace("= 1", "= 3"), base.replace("def", "@cache\ndef")]
    assert len({after(package, "wsss_core/method.py", text) for text in texts}) == len(texts)


def test_a_text_that_is_a_value_is_code(package: Path) -> None:
    texts = ["A = 'x'\n", "A = 'y'\n"]
    assert len({after(package, "wsss_core/late.py", text) for text in texts}) == 2


def test_another_checkout_with_the_same_code_has_the_same_fingerprint(
    package: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = code_fingerprint(ROOTS)
    copy = tmp_path_factory.mktemp("clone")
    for name, text in FILES.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(text)
    monkeypatch.setattr(fingerprint, "ROOT", copy)
    forget()
    assert code_fingerprint(ROOTS) == before


def test_a_root_without_a_source_file_is_an_error(package: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"wsss_core\.gone has no source file"):
        code_fingerprint(("wsss_core.gone",))


# --- the real methods -----------------------------------------------------------------------------------------------

LOADED_BY_NAME = {"data": "data", "evaluation": "evaluation", "report": "report"}

LIST_LOADED_MODULES = """
import importlib, json, os, runpy, sys
import click, cv2, matplotlib.pyplot, numpy, pandas, pyarrow, pycocotools.mask, pydantic, scipy, skimage.segmentation
import jinja2, scipy.sparse, torch, tqdm
import wsss_core.networks.torchvision_models  # loads torchvision once for all, the slowest import
for name in [name for name in sys.modules if name.split(".")[0] == "wsss_core"]:
    del sys.modules[name]
for name, roots in json.load(sys.stdin).items():
    if os.fork():
        if os.wait()[1]:
            sys.exit(1)
        continue
    for root in roots:
        runpy.run_path(root) if root.endswith(".py") else importlib.import_module(root)
    print(json.dumps([name, sorted(m for m in sys.modules if m.split(".")[0] == "wsss_core")]), flush=True)
    os._exit(0)
"""


def script_of(kind: str) -> str:
    general = "training" if kind in registry.TRAINING_KINDS else "per_image"
    return f"workflow_scripts/{LOADED_BY_NAME.get(kind, general)}.py"


def names_in(annotation: object) -> tuple[str, ...]:
    """The values of a `Literal`, also of one inside of `Annotated`."""
    inner = get_args(annotation)
    return inner if all(isinstance(value, str) for value in inner) else names_in(inner[0])


def roots_of_all_stages() -> dict[str, tuple[str, ...]]:
    """ "kind.method" (with the network where there is a choice) -> script and modules that the plan names."""
    roots: dict[str, tuple[str, ...]] = {}
    for kind, methods in registry.METHODS.items():
        for method, entry in methods.items():
            base = (script_of(kind), entry.module)
            if kind not in registry.TRAINING_KINDS:
                roots[f"{kind}.{method}"] = base
                continue
            fields = registry.load(entry.settings).model_fields  # type: ignore[attr-defined]
            if "network" not in fields:  # such as the words of CLIP: nothing is chosen by name
                roots[f"{kind}.{method}"] = base
                continue
            # A network from a file is built as that of the method that trained it.
            architecture = fields["architecture"].default if "architecture" in fields else method
            for network in names_in(fields["network"].annotation):
                roots[f"{kind}.{method}.{network}"] = (*base, *network_modules(kind, network, architecture))
    return roots


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """Modules of the package that are loaded once a stage's script and modules are imported."""
    run = subprocess.run(
        [sys.executable, "-c", LIST_LOADED_MODULES],
        input=json.dumps(roots_of_all_stages()),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return {name: set(modules) for name, modules in map(json.loads, run.stdout.splitlines())}


@pytest.mark.parametrize("name", roots_of_all_stages())
def test_the_derived_closure_is_what_python_loads(name: str, loaded: dict[str, set[str]]) -> None:
    derived = {module for module in reachable(roots_of_all_stages()[name]) if not module.endswith(".py")}
    # a compiled module has no Python source: its C++ counts as data of its room
    in_python = {module for module in loaded[name] if fingerprint._module_file(module)}
    counted = {module for module in in_python if not fingerprint._is_excluded(module)}
    assert counted - derived == set(), "loaded, but an edit of it would not rerun the stage"
    assert derived - counted == set(), "an edit of it would rerun the stage, but it is not loaded"


SHARED_BY_ALL = (
    "wsss_core.artifacts",
    "wsss_core.stages",
    "wsss_core.data.images",
    "wsss_core.data.image_formats",
    "wsss_core.data.similar_file",
    "wsss_core.label_ids",
    "workflow_scripts/per_image.py",
)
"""What nearly every stage rests on: files, context and drivers, image reading, what label ids mean."""
MOST_KINDS = 10
"""Kinds that a module outside of `SHARED_BY_ALL` may rerun at most (networks: the ten kinds that may run one)."""


def test_few_stages_rerun_when_a_module_is_edited() -> None:
    kinds: dict[str, set[str]] = defaultdict(set)
    stages: dict[str, set[str]] = defaultdict(set)
    for name, roots in roots_of_all_stages().items():
        for module in reachable(roots):
            kinds[module].add(name.split(".")[0])
            stages[module].add(".".join(name.split(".")[:2]))
    for module in sorted(kinds, key=lambda module: (-len(kinds[module]), module)):
        print(f"{module:45} {len(kinds[module]):3} kinds {len(stages[module]):3} methods")
    files = {module for module in kinds if module.endswith(".py") or not (ROOT / module.replace(".", "/")).is_dir()}
    wide = {module for module in files if len(kinds[module]) > MOST_KINDS}
    assert {module for module in wide if not module.startswith(SHARED_BY_ALL)} == set()


def test_a_method_module_concerns_its_own_method_only_unless_it_builds_on_it() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    modules = {entry.module for methods in registry.METHODS.values() for entry in methods.values()}
    for name, roots in roots_of_all_stages().items():
        for module in modules & reachable(roots):
            owners[module].add(".".join(name.split(".")[:2]))
    shared = {module: names for module, names in owners.items() if len(names) > 1}
    assert shared == {
        "wsss_core.data.voc": {
            "data.voc",
            "data.coco",
            "data.scenes",
        },  # scenes are written as a VOC folder and read by voc
        "wsss_core.cams.precomputed": {"cams.precomputed", "refined_cams.precomputed"},  # one row format, one reader
        "wsss_core.seeds.precomputed": {"seeds.precomputed", "predictions.precomputed"},
        "wsss_core.training.published": {f"{kind}.published" for kind in registry.TRAINING_KINDS},
        "wsss_core.regions.sam": {"regions.sam", "regions.mobile_sam"},  # one generator, two sets of defaults
        "wsss_core.segmenters.deeplab": {f"segmenter.deeplab_{name}" for name in ("v1", "v2", "v3plus")},
        "wsss_core.segmenters.one_stage": {f"segmenter.{name}" for name in ("ws_fcn", "one_stage", "one_stage_cam")},
    }


def test_templates_beside_a_reachable_module_are_code_too(package: Path) -> None:
    before = code_fingerprint(ROOTS)
    (package / "wsss_core/part/templates").mkdir()
    with_template = after(package, "wsss_core/part/templates/page.html", "<p>")
    assert with_template != before
    assert after(package, "wsss_core/part/templates/page.html", "<b>") != with_template
    (package / "wsss_core/settings/notes.txt").write_text("not reachable")
    assert after(package, "wsss_core/part/templates/page.html", "<p>") == with_template


def test_the_cpp_of_the_dense_crf_counts_for_the_stages_that_run_one() -> None:
    roots = roots_of_all_stages()
    data = {name: {path.name for path in fingerprint.data_files(reachable(roots[name]))} for name in roots}
    with_crf = {name for name in roots if {"_mean_field.cpp", "permutohedral.h"} <= data[name]}
    assert {"seeds.crf", "affinity_labels.crf_pair", "predictions.multiscale"} <= with_crf
    assert not {name for name in with_crf if name.split(".")[0] in ("cams", "regions", "evaluation", "data")}


def test_the_cpp_of_the_kmeans_counts_for_the_stages_that_make_segments() -> None:
    roots = roots_of_all_stages()
    with_kmeans = {
        name
        for name in roots
        if "_spherical_kmeans.cpp" in {path.name for path in fingerprint.data_files(reachable(roots[name]))}
    }
    assert {"segmenter.segment_bank", "seeds.segment_retrieval"} <= with_kmeans
    assert {name for name in roots if name.startswith("segmenter.pixel_to_segment")} <= with_kmeans
    assert not {name for name in with_kmeans if name.split(".")[0] in ("cams", "regions", "evaluation", "data")}


def test_cpp_source_counts_and_what_is_compiled_from_it_does_not(package: Path) -> None:
    first = after(package, "wsss_core/part/_loops.cpp", "int a = 1;")
    assert after(package, "wsss_core/part/_loops.cpp", "int a = 2;") != first
    before = after(package, "wsss_core/part/_loops.h", "int b = 1;")
    for compiled in ("_loops.abi3.so", "_loops.pyi"):
        assert after(package, f"wsss_core/part/{compiled}", "machine code") == before
