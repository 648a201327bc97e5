"""The page as a whole: complete, self-contained, and the same for the same results."""

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fake_experiment import EVALUATED, INPUTS, FakeExperiment

from wsss_core.report.page import build
from wsss_core.settings.evaluation import PooledSettings
from wsss_core.settings.report import HtmlReportSettings

EXPECTED = HtmlReportSettings(
    expected={"cams": {"train": 48.3}, "instances": {"train": 37.7}}, expected_source="table 1"
)
VOID = {"meta", "link", "img", "br", "input"}


class Page(HTMLParser):
    """Collects ids, links and sources, and checks that tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.without_alt = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.ids.extend(value for key, value in attrs if key == "id" and value)
        self.links.extend(value for key, value in attrs if key == "href" and value)
        self.sources.extend(value for key, value in attrs if key == "src" and value)
        self.without_alt += tag == "img" and not values.get("alt")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> FakeExperiment:
    made = FakeExperiment(tmp_path_factory.mktemp("page"), 6, 4)
    settings = PooledSettings(class_subset=("background", "cat"), protocol={"val": "voc12-val-1449"})
    for stage in EVALUATED:
        made.evaluate(stage, settings)
    build(made.report_context(EXPECTED))
    return made


@pytest.fixture(scope="module")
def text(experiment: FakeExperiment) -> str:
    return (experiment.folder("report") / "report.html").read_text(encoding="utf-8")


def test_page_needs_nothing_but_itself(text: str) -> None:
    page = Page(text)
    assert not page.open
    assert all(source.startswith("data:") for source in page.sources)
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert not re.search(r"https?://|url\(|@import|srcset", text)


def test_every_link_leads_somewhere_and_every_id_is_unique(text: str) -> None:
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {f"stage-{stage}" for stage in INPUTS} <= set(page.ids)


def test_every_picture_has_words(text: str) -> None:
    assert Page(text).without_alt == 0
    assert text.count("<svg") == text.count('role="img"') + text.count('role="group"')


def test_figures_stand_on_the_page_and_beside_it(experiment: FakeExperiment, text: str) -> None:
    folder = experiment.folder("report")
    rows = json.loads((folder / "figures.json").read_text())["figures"]
    assert [(row["stage"], row["split"]) for row in rows] == [
        (stage, split) for stage in EVALUATED for split in ("train", "val")
    ]
    for row in rows:
        assert f'<td class="n main">{100 * row["miou"]:.1f}</td>' in text
    with open(folder / "figures.csv", newline="") as file:
        read = list(csv.DictReader(file))
    assert [float(row["miou"]) for row in read] == [row["miou"] for row in rows]
    assert "48.3" in text
    assert "Expected figures: table 1." in text


def test_instances_have_their_average_precision(experiment: FakeExperiment, text: str) -> None:
    rows = json.loads((experiment.folder("report") / "figures.json").read_text())["figures"]
    train = next(row for row in rows if (row["stage"], row["split"]) == ("instances", "train"))
    assert f'<td class="n">{100 * train["ap50"]:.1f}</td><td class="n">{100 * train["ap70"]:.1f}</td>' in text
    assert '<td class="n">37.7 <span class="small">(AP50)</span></td>' in text
    assert '<th scope="col" class="n">AP50 %</th>' in text


def test_a_page_without_instances_has_no_such_columns(tmp_path: Path) -> None:
    made = FakeExperiment(tmp_path, 2, 1)
    made.evaluate("seeds")
    build(made.report_context())
    assert "AP50 %" not in (made.folder("report") / "report.html").read_text(encoding="utf-8")


def test_iou_by_instance_has_a_column_where_it_was_evaluated(tmp_path: Path, text: str) -> None:
    made = FakeExperiment(tmp_path, 2, 1)
    document = made.evaluate("seeds", PooledSettings(by_instance=True))
    build(made.report_context())
    page = (made.folder("report") / "report.html").read_text(encoding="utf-8")
    value = document["splits"]["val"]["miou_by_instance"]  # type: ignore[index]
    assert '<th scope="col" class="n">mIoU by instance</th>' in page
    assert f'<td class="n">{100 * value:.1f}</td>' in page
    assert "mIoU by instance" not in text


def test_loud_remarks_skipped_images_and_provenance_are_shown(text: str) -> None:
    assert 'class="note loud"' in text
    assert "Tags used as input: cams, refined_cams, instances, seeds" in text
    assert "Protocol mismatch on split val" in text
    assert "an empty file of zero bytes" in text
    assert "broken &lt;b&gt;" in text
    assert "a &lt; b &amp; c" in text, "settings are escaped"
    assert "0123456789abcdef" in text
    assert "SHA-256 of model.safetensors" in text
    assert "torch" in text


def test_gallery_has_three_tabs_and_no_image_twice(experiment: FakeExperiment, text: str) -> None:
    assert re.findall(r'role="tab" id="tab-(\w+)"', text) == ["best", "worst", "random"]
    shown = re.findall(r"<h3>(2007_\d+) ", text)
    assert len(shown) == len(set(shown)) == 6
    assert set(shown) <= set(experiment.ids)


def test_same_results_give_the_same_page(experiment: FakeExperiment, text: str) -> None:
    build(experiment.report_context(EXPECTED))
    assert (experiment.folder("report") / "report.html").read_text(encoding="utf-8") == text


def test_page_stays_small(experiment: FakeExperiment) -> None:
    assert (experiment.folder("report") / "report.html").stat().st_size < 1_000_000


def test_gallery_can_be_left_out_and_the_title_chosen(experiment: FakeExperiment) -> None:
    build(experiment.report_context(HtmlReportSettings(gallery_images=0, title="My <title>")))
    changed = (experiment.folder("report") / "report.html").read_text(encoding="utf-8")
    assert "<h1>My &lt;title&gt;</h1>" in changed
    assert "tablist" not in changed


def test_an_experiment_without_truth_has_a_page_that_says_so(tmp_path: Path) -> None:
    made = FakeExperiment(tmp_path, 1, 1)
    made.folder("evaluation").mkdir()
    build(made.report_context())
    page = (made.folder("report") / "report.html").read_text(encoding="utf-8")
    assert "No stage was evaluated" in page
    assert not Page(page).open


def test_a_stage_without_record_is_named(tmp_path: Path) -> None:
    made = FakeExperiment(tmp_path, 1, 1)
    made.folder("evaluation").mkdir()
    (made.folder("cams") / "stage.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"cams/stage\.json does not exist"):
        build(made.report_context())
