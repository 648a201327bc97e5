"""How the cost of the whole chain on many images is measured; the run itself is not a test."""

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks.scale_run import (
    CHECKOUT,
    SNAKEMAKE,
    Cost,
    as_table,
    costs,
    disk_mb,
    link_checkout,
    write_metered_python,
)


def line(stage: str, kind: str, of: str = "", **cost: float) -> str:
    request = {"stage": stage, "kind": kind, "inputs": {"of": of} if of else {}}
    return json.dumps({"request": json.dumps(request), "wall_s": 2.0, "cpu_s": 1.0, "peak_mb": 50.0, **cost})


def test_jobs_of_a_stage_are_added_up_and_the_largest_tells_the_memory(tmp_path: Path) -> None:
    (tmp_path / "cams/parts").mkdir(parents=True)
    (tmp_path / "cams/parts/00000.arrow").write_bytes(bytes(2_000_000))
    lines = [line("cams", "cams"), line("cams", "cams", peak_mb=80.0), line("seeds", "seeds", cpu_s=0.5)]
    assert costs(lines, tmp_path) == [Cost("cams", 2, 4.0, 2.0, 80.0, 2.0), Cost("seeds", 1, 2.0, 0.5, 50.0, 0.0)]


def test_an_evaluation_is_told_for_each_stage_that_it_looks_at(tmp_path: Path) -> None:
    lines = [line("evaluation", "evaluation", of=f"scale/{name}") for name in ("cams", "seeds")]
    found = costs([*lines, line("evaluation", "evaluation")], tmp_path)
    assert [cost.name for cost in found] == ["evaluation of cams", "evaluation of seeds", "evaluation"]


def test_a_metered_python_does_what_python_does_and_notes_what_it_cost(tmp_path: Path) -> None:
    log, script = tmp_path / "log", tmp_path / "script.py"
    write_metered_python(tmp_path / "bin", log)
    script.write_text("import sys\nspace = bytearray(60_000_000)\nprint(sys.argv[2])\nsys.exit(3)")
    command = [tmp_path / "bin" / "python", script, "--request", '{"stage": "x y"}']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, '{"stage": "x y"}\n')
    noted = json.loads(log.read_text())
    assert noted["request"] == '{"stage": "x y"}'
    assert noted["peak_mb"] > 60
    assert noted["cpu_s"] > 0
    assert noted["wall_s"] > 0


def test_the_run_leaves_the_checkout_alone(tmp_path: Path) -> None:
    folder = link_checkout(tmp_path / "checkout")
    assert sorted(path.name for path in folder.iterdir()) == sorted(CHECKOUT)
    assert all(path.is_symlink() and path.exists() for path in folder.iterdir())


def test_a_folder_that_is_not_there_takes_no_room(tmp_path: Path) -> None:
    assert disk_mb(tmp_path / "nothing") == 0.0


def test_the_table_has_a_column_for_every_size() -> None:
    few = [Cost("data", 1, 1.0, 1.0, 100.0, 0.1), Cost(SNAKEMAKE, 1, 1.0, 3.0, 300.0)]
    many = [Cost("data", 1, 1.0, 5.0, 110.0, 1.0), Cost(SNAKEMAKE, 1, 1.0, 4.0, 310.0)]
    head, _, data, _ = as_table({1000: few, 10_000: many}).splitlines()
    assert head.split(" | ")[1:3] == ["jobs, 1,000", "jobs, 10,000"]
    assert data == "| data | 1 | 1 | 1.00 | 0.50 | 100 | 110 | 0.1 | 1.0 |"


def test_sizes_with_other_stages_make_no_table() -> None:
    with pytest.raises(ValueError, match="zip"):
        as_table({1: [Cost("data", 1, 1.0, 1.0, 1.0)], 2: []})
