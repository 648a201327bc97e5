"""The page of file contracts names exactly what the code writes."""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from documentation.pages import DOCS, prose, text_of
from fake_experiment import EVALUATED, FakeExperiment

from wsss_core.artifacts import manifest
from wsss_core.artifacts.formats import FORMATS
from wsss_core.checkpoints.card import NetworkCard, card_to_plain
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.segments.bank import BankRows, write_bank
from wsss_core.stages.provenance import combine_stats, write_provenance
from wsss_core.stages.request import Request

PAGE = DOCS / "file-contracts.md"
STRUCTS = {"boxes": "list<box>", "points": "list<point>"}


def table(heading: str, number: int = 0) -> dict[str, str]:
    """First column -> second column of a table below a heading."""
    [section] = re.findall(rf"^#+ {re.escape(heading)}$\n(.*?)(?=^#|\Z)", prose(PAGE), re.MULTILINE | re.DOTALL)
    tables = re.findall(r"(?:^\|.*\|$\n)+", section, re.MULTILINE)
    rows = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in tables[number].splitlines()]
    return {name: kind for name, kind, *_ in rows[2:]}


def columns(schema: pa.Schema) -> dict[str, str]:
    """Names and types of a schema as the page writes them."""
    return {field.name: STRUCTS.get(field.name, type_of(field.type)) for field in schema}


def type_of(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list<{type_of(kind.value_type)}>"
    if pa.types.is_fixed_size_list(kind):
        return f"fixed_size_list<{type_of(kind.value_type)}>[D]"
    return str(kind)


@pytest.mark.parametrize("kind", list(FORMATS))
def test_columns_of_parts(kind: str) -> None:
    [heading] = [line for line in re.findall(r"^### (.+)$", text_of(PAGE), re.MULTILINE) if kind in line.split(", ")]
    assert table(heading) == columns(FORMATS[kind].schema)


def test_columns_of_the_manifest() -> None:
    assert table("Manifest") == columns(manifest.SCHEMA)


def test_columns_of_a_bank(tmp_path: Path) -> None:
    row = BankRows("a", 1.0, np.eye(2, dtype=np.float32), np.array([0, 1], np.uint8))
    write_bank(tmp_path / "bank.arrow", [row])
    with pa.memory_map(str(tmp_path / "bank.arrow")) as mapped, pa.ipc.open_file(mapped) as file:
        assert table("Networks", 2) == columns(file.schema)


def test_keys_of_a_network_card() -> None:
    card = NetworkCard("segmenter", "small", ("cat",), IMAGENET_RGB, architecture="deeplab_v3plus")
    assert set(table("Networks", 1)) == set(card_to_plain(card))


def test_keys_of_an_evaluation(tmp_path: Path) -> None:
    made = FakeExperiment(tmp_path, 2, 2)
    documents = {stage: made.evaluate(stage) for stage in EVALUATED}
    for document in documents.values():
        assert set(table("Evaluation")) == set(document)
    ap = {"ap50", "ap70", "ap50_per_class", "ap70_per_class"}
    for stage, document in documents.items():
        for figures in document["splits"].values():  # type: ignore[attr-defined]
            assert set(table("Evaluation", 1)) <= set(figures)
            assert (stage == "instances") is bool(ap & set(figures))


def test_keys_of_the_provenance(tmp_path: Path) -> None:
    request = Request("e", "s", "seeds", "argmax", {}, {}, {}, ("train",), 0)
    stats = combine_stats([{"images": 1, "wall_s": 1.0, "peak_memory_mb": 5.0, "device": "cpu"}])
    write_provenance(tmp_path, request, "code", stats)
    assert set(table("Provenance")) == set(json.loads((tmp_path / "stage.json").read_text()))


def test_the_example_of_the_page_reads_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = FakeExperiment(tmp_path, 1, 1)
    (made.results / "blobs").rename(made.results / "quickstart")
    monkeypatch.chdir(tmp_path)
    [code] = re.findall(r"^```python\n(.*?)^```", text_of(PAGE), re.MULTILINE | re.DOTALL)
    names: dict = {}
    exec(code, names)
    assert names["row"].label_HW.shape == (48, 64)
