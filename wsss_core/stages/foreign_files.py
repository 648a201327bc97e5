"""The files from outside that a stage of precomputed results depends on."""

from collections.abc import Iterable
from pathlib import Path

from wsss_core.exchange.file_folder import FileFolder
from wsss_core.settings.base import Settings
from wsss_core.settings.precomputed import PrecomputedSettings


def folders_of(settings: Settings) -> dict[str, FileFolder]:
    """Setting -> the folder in which every image needs a file; empty for other methods."""
    if not isinstance(settings, PrecomputedSettings):
        return {}
    return {files.setting: FileFolder(Path(files.folder).expanduser(), files.names) for files in settings.files()}


def newest_correction(source: Path) -> list[Path]:
    """The file of corrections, or of a folder the PNG that was changed last; nothing where there is neither."""
    if not source.is_dir():
        return [source] if source.is_file() else []
    return sorted(source.rglob("*.png"), key=lambda path: (path.stat().st_mtime_ns, str(path)))[-1:]


def newest_files(settings: Settings, image_ids: Iterable[str]) -> list[Path]:
    """Of each folder the file of the images that was changed last.

    It stands for all of them: Snakemake compares times only, and with thousands of inputs per job it would be slow.
    """
    ids = tuple(image_ids)
    newest = []
    for folder in folders_of(settings).values():
        found = [path for path in map(folder.find, ids) if path is not None]
        newest += [max(found, key=lambda path: (path.stat().st_mtime_ns, str(path)))] if found else []
    return newest
