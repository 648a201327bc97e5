"""What the tests read from README and docs: pages, code blocks, links and commands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "results/README.md", *sorted(DOCS.rglob("*.md")))
PROGRAMS = ("wsss", "make", "snakemake", "python", "pytest", "pip", "source")

_FENCED = re.compile(r"^```(?P<head>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_REMARK = re.compile(r"(\s{2,}|\s+#\s).*$")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Command:
    """A command as a page writes it. `shown`: a line of its own, to be typed as it is; else within a sentence."""

    page: str
    text: str
    shown: bool

    @property
    def program(self) -> str:
        return next(word for word in self.text.split() if "=" not in word)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its title (or an empty text) and its text."""

    language: str
    title: str
    text: str


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """The page without fenced blocks, whose brackets are no links."""
    return _FENCED.sub("", text_of(page))


def blocks(page: Path) -> list[Block]:
    found = []
    for match in _FENCED.finditer(text_of(page)):
        language, _, rest = match["head"].partition(" ")
        title = re.search(r'title="([^"]+)"', rest)
        found.append(Block(language, title[1] if title else "", match["text"]))
    return found


def links(page: Path) -> list[str]:
    text = re.sub(r"^    .*$", "", prose(page), flags=re.MULTILINE)
    return [*_LINK.findall(text), *(target for _, target in _PICTURE.findall(text))]


def anchors(page: Path) -> set[str]:
    """Names of the headings of a page, as sites make them."""
    heads = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    plain = (re.sub(r"[^\w\s-]", "", head).strip().lower() for head in heads)
    return {re.sub(r"[-\s]+", "-", head) for head in plain}


def commands() -> Iterator[Command]:
    """All commands of all pages: in lines of their own, and within sentences and tables."""
    for page in PAGES:
        yield from commands_of(name_of(page), prose(page))


def commands_of(page: str, text: str) -> Iterator[Command]:
    """Commands of a page's text. Remarks behind a line, pipes' other ends and prompts are left out."""
    for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines():
        if line.startswith("    "):
            shown = _REMARK.sub("", re.sub(r"^\$ ", "", line.strip()))
            yield from (Command(page, part, True) for part in _calls(shown))
        else:
            inline = (code.replace("\\|", "|") for code in _INLINE.findall(line))
            yield from (Command(page, part, False) for code in inline for part in _calls(code))


def _calls(code: str) -> Iterator[str]:
    for part in re.split(r"\s+(?:\||&&)\s+", code):
        words = [word for word in part.split() if not re.fullmatch(r"[A-Z_]+=\S*", word)]
        if words and words[0] in PROGRAMS:
            yield part.strip()
