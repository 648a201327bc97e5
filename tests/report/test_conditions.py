"""Under which conditions figures were made: everything that must agree before they are compared."""

import json
from pathlib import Path

import pytest
from fake_experiment import FakeExperiment

from wsss_core.artifacts.checksum import sha256_of
from wsss_core.data.protocols import hash_ids
from wsss_core.report.conditions import SHOWN_DIGITS, conditions
from wsss_core.report.figures import read_figures
from wsss_core.report.page import build
from wsss_core.report.stages import read_facts
from wsss_core.settings.report import HtmlReportSettings

SEED_SETTINGS = {"crf": {"iterations": 10}, "threshold": 0.25}


def test_each_row_names_ids_crf_weights_and_versions(tmp_path: Path) -> None:
    blobs = FakeExperiment(tmp_path)
    about = json.loads((blobs.folder("seeds") / "stage.json").read_text())
    (blobs.folder("seeds") / "stage.json").write_text(json.dumps({**about, "settings": SEED_SETTINGS}))
    for stage in ("cams", "seeds"):
        blobs.evaluate(stage)
    facts = [
        read_facts(blobs.folder(name), "blobs") for name in ("classifier", "affinity", "cams", "refined_cams", "seeds")
    ]
    context = blobs.report_context()
    figures = read_figures(blobs.folder("evaluation"))
    rows = conditions(list(figures.values()), facts, context.manifest, {"cams": {"val": 40.0}})
    found = {(row.stage, row.split): row for row in rows}
    obtained = figures["cams"].splits["val"].miou
    assert obtained is not None
    assert (found["cams", "val"].obtained, found["cams", "val"].expected) == (obtained, 0.4)
    assert found["cams", "val"].difference == pytest.approx(obtained - 0.4)
    assert found["cams", "train"].difference is None
    assert found["cams", "val"].threshold == figures["cams"].splits["val"].threshold is not None
    assert found["seeds", "val"].threshold == 0.25
    assert set(found) == {(stage, split) for stage in ("cams", "seeds") for split in ("train", "val")}
    val = [name for name in blobs.ids if blobs.splits[name] == ("val",)]
    assert found["cams", "val"].ids == hash_ids(val)[:SHOWN_DIGITS]
    assert (found["cams", "val"].crf, found["seeds", "val"].crf) == (False, True)
    digits = sha256_of(blobs.folder("classifier") / "model.safetensors")[:SHOWN_DIGITS]
    assert found["cams", "train"].networks == {"classifier": digits}
    assert set(found["seeds", "train"].networks) == {"classifier", "affinity"}
    assert found["seeds", "train"].versions == "torch 2.13.0"


def test_the_report_shows_them(tmp_path: Path) -> None:
    blobs = FakeExperiment(tmp_path)
    blobs.evaluate("seeds")
    settings = HtmlReportSettings(expected={"seeds": {"val": 12.5}})
    build(blobs.report_context(settings))
    text = (blobs.folder("report") / "report.html").read_text()
    assert "Under which conditions" in text
    assert "none named" in text
    obtained = 100 * (read_figures(blobs.folder("evaluation"))["seeds"].splits["val"].miou or 0)
    assert f'<td class="n">12.5</td><td class="n">{obtained - 12.5:+.1f}</td>' in text
