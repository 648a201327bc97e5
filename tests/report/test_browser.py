"""The page in a real browser: it draws, its tabs work, and it asks for nothing."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import cv2
import pytest
from fake_experiment import EVALUATED, FakeExperiment

from wsss_core.report.compare_page import Point, Table, charts, render
from wsss_core.report.gallery import Card, Picture
from wsss_core.report.page import build

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
TIMEOUT_S = 120
PRESS_ARROW_AND_TOGGLE = """
<script>
const first = document.getElementById("tab-best");
first.focus();
first.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
document.getElementById("safe-colours").click();
const requested = performance.getEntriesByType("resource").map((entry) => entry.name);
const wide = document.documentElement.scrollWidth > window.innerWidth;
document.title = JSON.stringify({ focus: document.activeElement.id, requested, wide, errors: window.failed || [] });
</script>
"""
CATCH_ERRORS = "<script>window.failed = []; window.onerror = (text) => window.failed.push(text);</script>"

PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
PRESS_KEYS = """
<script>
const at = [], safe = [];
function look() {
  const image = document.querySelector(".image:not([hidden])");
  const step = image.querySelector(".pictures:not([hidden])");
  at.push([image.dataset.id, image.querySelector("output").textContent, step.querySelectorAll("figure").length]);
}
function press(key) { document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })); look(); }
look();
for (const key of ["ArrowRight", "n", "ArrowRight", "ArrowRight", "p"]) press(key);
const slider = document.querySelector(".image:not([hidden]) input");
slider.value = 0;
slider.dispatchEvent(new Event("input", { bubbles: true }));
look();
safe.push(document.body.classList.contains("safe-colours"));
document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "c", bubbles: true }));
safe.push(document.body.classList.contains("safe-colours"));
document.title = JSON.stringify({ at, safe, errors: window.failed || [] });
</script>
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium on this machine"),
]


def chromium(profile: Path, *arguments: str) -> str:
    """Run headless Chromium with a new, empty profile; its standard output."""
    shutil.rmtree(profile, ignore_errors=True)
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    return done.stdout


def title_of(dom: str) -> dict:
    """What the script at the end of a page wrote into its title."""
    title = re.search(r"<title>(\{.*?\})</title>", dom)
    assert title, "the script that is added at the end of the page ran"
    return dict(json.loads(title.group(1).replace("&quot;", '"')))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = FakeExperiment(tmp_path_factory.mktemp("browser"), 6, 4)
    for stage in EVALUATED:
        made.evaluate(stage)
    build(made.report_context())
    return made.folder("report") / "report.html"


def test_keyboard_tabs_and_colour_switch_work_and_nothing_is_requested(page: Path, tmp_path: Path) -> None:
    scripted = tmp_path / "scripted.html"
    text = page.read_text(encoding="utf-8")
    text = text.replace("<head>", "<head>" + CATCH_ERRORS).replace("</body>", PRESS_ARROW_AND_TOGGLE + "</body>")
    scripted.write_text(text, encoding="utf-8")
    dom = chromium(tmp_path / "profile", "--dump-dom", scripted.as_uri())
    found = title_of(dom)
    assert found["errors"] == []
    assert [name for name in found["requested"] if not name.startswith("data:")] == []
    assert found["focus"] == "tab-worst"
    assert not found["wide"], "the page itself does not scroll sideways"
    panels = re.findall(r'<div role="tabpanel" id="panel-(\w+)"[^>]*?( hidden="")?>', dom)
    assert panels == [("best", ' hidden=""'), ("worst", ""), ("random", ' hidden=""')]
    assert re.search(r'<body class="safe-colours">', dom)


def test_keys_go_through_stages_and_images_and_change_colours(tmp_path: Path) -> None:
    cards = [
        Card(name, None, (), tuple(Picture(title, PIXEL, PIXEL, title) for title in titles), frozenset({0}))
        for name, titles in {"a": ("image", "x/seeds", "y/seeds", "truth"), "b": ("image", "x/seeds", "truth")}.items()
    ]
    table = Table("mIoU", ["stage", "val"], [["seeds", "50.0"]], 1, charts("mIoU", [Point("x", "seeds", "val", 50.0)]))
    text = render("comparison", table, [], cards, [("cat", "red", "blue")])
    scripted = tmp_path / "compare.html"
    scripted.write_text(
        text.replace("<head>", "<head>" + CATCH_ERRORS).replace("</body>", PRESS_KEYS + "</body>"), encoding="utf-8"
    )
    found = title_of(chromium(tmp_path / "profile", "--dump-dom", scripted.as_uri()))
    assert found["errors"] == []
    assert found["at"] == [
        ["a", "image (1 of 3)", 1],
        ["a", "seeds (2 of 3)", 2],
        ["b", "seeds (2 of 3)", 1],
        ["b", "truth (3 of 3)", 1],
        ["b", "truth (3 of 3)", 1],
        ["a", "truth (3 of 3)", 1],
        ["a", "image (1 of 3)", 1],
    ]
    assert found["safe"] == [False, True]


@pytest.mark.parametrize("width", [1400, 500])
def test_page_is_drawn_at_both_widths(page: Path, tmp_path: Path, width: int) -> None:
    picture = tmp_path / "page.png"
    chromium(tmp_path / "profile", f"--window-size={width},1600", f"--screenshot={picture}", page.as_uri())
    drawn = cv2.imread(str(picture))
    assert drawn.shape == (1600, width, 3)
    assert len({tuple(colour) for colour in drawn.reshape(-1, 3)[::97].tolist()}) > 50, "charts and text in colour"
