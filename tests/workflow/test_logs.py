"""The logs that the report names are those that the rules write."""

import re
from pathlib import Path

from workflow.checkout import CONFIG

from wsss_core.settings.experiment import Experiment


def test_every_stage_of_the_report_names_logs_that_are_there(finished: Path) -> None:
    page = (finished / "results/tiny/report/report.html").read_text(encoding="utf-8")
    named = re.findall(r"Logs: <code>(\S+)</code>", page)
    shown = [name for name, stage in Experiment.load(finished / CONFIG).stages.items() if stage.kind != "report"]
    assert {name.split("/")[2].removesuffix(".log") for name in named} <= set(shown)
    assert len(named) >= len(shown) - 1  # the evaluation may be shown in its figures alone
    for name in named:
        logs = finished / name
        assert logs.is_file() if name.endswith(".log") else list(logs.glob("*.log"))
