"""Under which conditions figures were made: everything that must agree before they are compared."""

import json
from pathlib import Path

from fake_experiment import FakeExperiment

from wsss_core.artifacts.checksum import sha256_of
from wsss_core.data.protocols import hash_ids
from wsss_core.report.conditions import SHOWN_DIGITS, conditions
from wsss_core.report.figures import read_figures
from wsss_core.report.page import build
from wsss_core.report.stages import read_facts


def test_each_row_names_ids_crf_weights_and_versions(tmp_path: Path) -> None:
    blobs = FakeExperiment(tmp_path)
    about = json.loads((blobs.folder("seeds") / "stage.json").read_text())
    (blobs.folder("seeds") / "stage.json").write_text(json.dumps({**about, "settings": {"crf": {"iterations": 10}}}))
    for stage in ("cams", "seeds"):
        blobs.evaluate(stage)
    facts = [
        read_facts(blobs.folder(name), "blobs") for name in ("classifier", "affinity", "cams", "refined_cams", "seeds")
    ]
    context = blobs.report_context()
    rows = conditions(list(read_figures(blobs.folder("evaluation")).values()), facts, context.manifest)
    found = {(row.stage, row.split): row for row in rows}
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
    build(blobs.report_context())
    text = (blobs.folder("report") / "report.html").read_text()
    assert "Under which conditions" in text
    assert "none named" in text
