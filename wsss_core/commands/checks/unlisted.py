"""Photographs that lie in the folder of the images and are not in the data: forgotten in the table, or of a format that
is not read."""

import unicodedata
from collections.abc import Collection
from pathlib import Path

from wsss_core.commands.checks.finding import Finding
from wsss_core.data.folder import IMAGE_ENDINGS, image_id
from wsss_core.settings.base import Settings
from wsss_core.settings.data import FolderSettings

NOT_READ = frozenset({".heic", ".heif", ".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2", ".psd", ".svg"})
"""Endings of pictures that are not read: of iPhones, of cameras' raw files, of drawing programs."""
_SHOWN_NAMES = 5


def check_unlisted(where: str, settings: Settings, image_ids: Collection[str]) -> list[Finding]:
    """Findings about a data stage of the method `folder`. Of data from masks none: images without one are no part."""
    if not isinstance(settings, FolderSettings) or settings.tag_source == "masks":
        return []
    left_out = _left_out(settings, frozenset(map(_one_form, image_ids)))
    unread = [name for name in left_out if Path(name).suffix.lower() in NOT_READ]
    unlisted = [name for name in left_out if Path(name).suffix.lower() not in NOT_READ]
    findings = []
    if unread:
        text = f"{where}: {len(unread)} pictures of formats that are not read are left out: {_shown(unread)}"
        findings.append(Finding("warning", text, "convert them to JPEG"))
    if unlisted:
        text = f"{where}: {len(unlisted)} pictures in {settings.images} are not listed: {_shown(unlisted)}"
        findings.append(Finding("warning", text, "tag them (an empty tag is one, too), or leave it: they are not used"))
    return findings


def _left_out(settings: FolderSettings, image_ids: Collection[str]) -> list[str]:
    """Pictures below the images' folder that have no id, but label maps and hidden files."""
    root = Path(settings.images)
    maps = [Path(folder).resolve() for folder in (settings.truth, settings.scribbles) if folder]
    maps = [folder for folder in maps if folder != root.resolve()]
    names = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix.lower() not in IMAGE_ENDINGS | NOT_READ or not path.is_file():
            continue
        if _one_form(image_id(name)) in image_ids:
            continue
        hidden = any(step.startswith(".") for step in Path(name).parts)
        if not hidden and not any(path.resolve().is_relative_to(folder) for folder in maps):
            names.append(name)
    return names


def _one_form(name: str) -> str:
    """Accents are stored as one sign or two, and tables and disks disagree on that."""
    return unicodedata.normalize("NFC", name)


def _shown(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN_NAMES]) + (", ..." if len(names) > _SHOWN_NAMES else "")
