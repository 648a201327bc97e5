"""The page of each publication says what it does, its graph, published figures, departures and licences."""

import re
from pathlib import Path

import pytest
from documentation.pages import DOCS, text_of

from wsss_core.download.public_files import public_files

PAGES = ("psa-irn", "eps", "wsfcn", "spml", "fma")
DEPARTURES = r"^## (Departures|Where we differ|Where the (published code|original))"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_a_publication_has_all_that_one_looks_for(name: str) -> None:
    text = text_of(DOCS / f"{name}.md")
    assert re.search(r"^    .*─.*─", text, re.MULTILINE), "a drawing of its graph"
    assert re.search(r"^## Licences$", text, re.MULTILINE)
    assert re.search(DEPARTURES, text, re.MULTILINE)
    assert re.search(r"[Pp]ublished.*\d\d\.\d|\d\d\.\d.*published", text, re.DOTALL)
    assert re.search(r"[Nn]ot reproduced|not\s+reproduced|was reproduced here", text), "what was reached here"
    configs = set(re.findall(r"config/[\w.]+\.yaml", text))
    assert configs
    assert all((DOCS.parent / config).is_file() for config in configs)


def test_weights_named_with_a_licence_are_listed_with_the_same() -> None:
    listed = {Path(entry.path).name: entry.licence for entry in public_files().values()}
    for name in PAGES:
        rows = re.findall(
            r"^\|(.*)\| ([^|]+) \|$", text_of(DOCS / f"{name}.md").partition("## Licences")[2], re.MULTILINE
        )
        for text, licence in rows:
            for file in set(re.findall(r"`([\w.-]+)`", text)) & set(listed):
                assert licence.removeprefix("none stated; ") == listed[file], (name, file)
