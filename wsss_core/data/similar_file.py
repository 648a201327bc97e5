"""What a file that is not there may have been meant to be: tables made elsewhere lose endings and mix up case."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path


def similar_file(path: Path) -> str | None:
    """Name of a file in the folder of `path` that differs from it in case or in the ending only; None without one."""
    if not path.parent.is_dir():
        return None
    names = _names(path.parent, path.parent.stat().st_mtime_ns)
    return names.get(path.name.casefold()) or names.get(path.stem.casefold())


@lru_cache(maxsize=1)
def _names(folder: Path, time_ns: int) -> Mapping[str, str]:
    """Names of the files, whole and without their endings, in one case -> the file. Many may be asked for at once."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    return {Path(name).stem.casefold(): name for name in names} | {name.casefold(): name for name in names}
