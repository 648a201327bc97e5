from pathlib import Path

import pytest
from click.testing import CliRunner

from wsss_core import registry
from wsss_core.settings import reference as module
from wsss_core.settings.reference import FILE, main, reference
from wsss_core.settings.schema import settings_model

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def page() -> str:
    return reference()


def test_the_committed_page_is_current(page: str) -> None:
    committed = (ROOT / FILE).read_text(encoding="utf-8")
    assert committed == page, f"renew it: python -m {module.__name__} --write"


def test_every_setting_has_a_line_with_its_default(page: str) -> None:
    sections = dict(part.split("\n", 1) for part in page.split("\n### ")[1:])
    for kind, methods in registry.METHODS.items():
        for method, entry in methods.items():
            for name, field in settings_model(entry).model_fields.items():
                line = next(
                    line for line in sections[f"{kind}: {method}"].splitlines() if line.startswith(f"| `{name}` |")
                )
                assert ("| required |" in line) is field.is_required()


@pytest.mark.parametrize(
    "line",
    [
        "| `threshold` | number ≥ 0, ≤ 1 or null | `null` |",
        "| `crf.iterations` | integer ≥ 0, ≤ 1000 | `10` |",
        "| `dtype` | `float16`, `float32` | `float16` |",
        "| `scales` | list of number > 0, ≤ 8 | `[1.0, 0.5, 1.5, 2.0]` |",
        "| `root` | text | required |",
        "Inputs: `cams` (cams or refined_cams), `affinity` (affinity of affinitynet).",
    ],
)
def test_values_are_described_in_words(page: str, line: str) -> None:
    assert line in page


def test_tables_are_not_broken_by_their_texts(page: str) -> None:
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert {line.replace("\\|", "").count("|") for line in rows} <= {3, 5}
    assert "results/&lt;experiment>/" in page


def test_printing_and_writing_give_the_same_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["--write"]).exit_code == 0
    assert CliRunner().invoke(main, []).output == (tmp_path / FILE).read_text(encoding="utf-8")
