"""One machine shared by jobs with and without a card, and stages shared by experiments."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from workflow.checkout import copy_finished, copy_sources, planned, run

from wsss_core.stages.per_image import rows_of

SHARING, OTHER = "config/test/sharing.yaml", "config/test/other.yaml"
WATCHED = """
    import time
    began = time.time()
    time.sleep(2)
"""
NOTED = """
    with open("times", "a") as times:
        times.write(json.dumps([asked.kind, began, time.time()]) + "\\n")
"""


@pytest.mark.slow
def test_jobs_with_a_card_take_turns_and_the_others_fill_the_cores_meanwhile(tmp_path: Path) -> None:
    folder = copy_sources(tmp_path)
    script = folder / "workflow_scripts/per_image.py"
    head, middle, tail = script.read_text().partition("    watch = Stopwatch()\n")
    tail, main, end = tail.partition('\n\nif __name__ == "__main__":')
    assert middle
    assert main
    script.write_text(
        head.replace("import importlib\n", "import importlib\nimport json\n")
        + middle
        + WATCHED
        + tail
        + NOTED
        + main
        + end
    )
    data = {"method": "scenes", "train_images": 4, "val_images": 2, "height": 48, "width": 64, "part_size": 2}
    stages = {"data": data, "regions": {"method": "felzenszwalb"}, "seeds": {"method": "from_scribbles"}}
    compute = {"device": "cpu", "resources": {"seeds": {"gpus": 1}}}
    values = {"experiment": "sharing", "compute": compute, "stages": stages}
    (folder / SHARING).write_text(yaml.safe_dump(values))
    run(folder, "--workflow-profile", "profiles/local", "--cores", "4", config=SHARING)
    times = [json.loads(line) for line in (folder / "times").read_text().splitlines()]
    with_card = sorted(span for kind, *span in times if kind == "seeds")
    without = [span for kind, *span in times if kind == "regions"]
    assert len(with_card) == len(without) == 3
    assert all(before[1] <= after[0] for before, after in pairwise(with_card))
    assert any(begin < end and other < until for begin, until in with_card for other, end in without)


def test_experiments_that_share_stages_run_them_once(finished: Path, tmp_path: Path) -> None:
    folder = copy_finished(finished, tmp_path / "copy")
    values = {
        "experiment": "other",
        "seed": 1,
        "compute": {"device": "cpu"},
        "stages": {"seeds": {"method": "argmax", "threshold": 0.3, "inputs": {"cams": "tiny/refined_cams"}}},
    }
    (folder / OTHER).write_text(yaml.safe_dump(values))
    assert planned(folder, OTHER) == {"seeds"}
    run(folder, config=OTHER)
    assert planned(folder) == set()
    ours, theirs = (
        {row.image_id: row.label_HW.tolist() for row in rows_of(folder / "results" / name / "seeds", "seeds")}
        for name in ("other", "tiny")
    )
    assert ours == theirs
