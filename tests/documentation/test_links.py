"""Links of all pages lead somewhere, and every page is reached from the site's navigation."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from documentation.pages import DOCS, PAGES, ROOT, anchors, links, name_of, prose

OUTSIDE = ("http://", "https://", "mailto:")
SITE_PAGES = [page for page in PAGES if DOCS in page.parents]


def site() -> dict:
    return dict(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8")))


def files_in(navigation: object) -> Iterator[str]:
    if isinstance(navigation, str):
        yield navigation
    else:
        for entry in navigation if isinstance(navigation, list) else navigation.values():  # type: ignore[attr-defined]
            yield from files_in(entry)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for link in links(page):
        if link.startswith(OUTSIDE):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{link}: there is no {target}"
        assert not anchor or anchor in anchors(target), f"{link}: {target.name} has no such heading"


@pytest.mark.parametrize("page", SITE_PAGES, ids=name_of)
def test_pages_of_the_site_link_within_the_site(page: Path) -> None:
    for link in links(page):
        if not link.startswith(OUTSIDE):
            target = (page.parent / link.partition("#")[0]).resolve()
            assert DOCS in target.parents or link.startswith("#"), f"{link} leaves docs/, the site cannot follow it"


def test_the_navigation_names_every_page_once() -> None:
    named = list(files_in(site()["nav"]))
    assert sorted(named) == sorted(page.relative_to(DOCS).as_posix() for page in SITE_PAGES)


def test_the_site_asks_nothing_of_other_machines() -> None:
    assert site()["theme"]["font"] is False
    assert not {"extra_css", "extra_javascript", "google_analytics"} & set(site())


@pytest.mark.parametrize("page", SITE_PAGES, ids=name_of)
def test_lists_stand_apart_as_the_generator_needs_them(page: Path) -> None:
    before = ""
    for line in prose(page).splitlines():
        if re.match(r"(- |\d+\. )", line):
            assert not before.strip() or re.match(r"(- |\d+\. | {2,})", before), (
                f"a blank line is missing above: {line}"
            )
        before = line


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="needs `pip install -e .[docs]`")
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "site/extending.html").read_text(encoding="utf-8")
    assert "otsu_seed" in text
