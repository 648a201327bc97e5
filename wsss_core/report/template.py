"""The templates of the pages, as files of the package."""

from importlib.resources import files


def template_text(name: str) -> str:
    """Text of a template. Raises `FileNotFoundError` for an unknown name."""
    return (files("wsss_core.report") / "templates" / name).read_text(encoding="utf-8")
