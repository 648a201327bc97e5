"""Where the images lie that a labelling tool names: it may have kept other folders, or none, of their paths."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from wsss_core.data.faults import DataError
from wsss_core.data.tag_table import existing_path


class ImagePlaces:
    """Finds image files below the folder `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, names: Sequence[str], where: str) -> str:
        """The path relative to `root` of the first name that exists there: as it is, without its first folders, or
        anywhere below `root` where only one file is called so. Else the first name's last step, which does not exist.

        Raises `DataError`, opening with `where`, when several files are called so.
        """
        for name in names:
            steps = [step for step in PurePosixPath(name.replace("\\", "/")).parts if step not in ("/", "..")]
            for first in range(len(steps)):
                path = existing_path(self.root, "/".join(steps[first:]))
                if path.is_file():
                    return path.relative_to(self.root).as_posix()
            found = self._by_name.get(steps[-1], []) if steps else []
            if len(found) > 1:
                raise DataError(
                    f"{where}: {len(found)} files are called {steps[-1]!r}, such as {found[0]} and {found[1]}. To do: "
                    "give them different names, or the path below the image folder in the annotations."
                )
            if found:
                return found[0]
        return PurePosixPath(names[0].replace("\\", "/")).name

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for path in sorted(self.root.rglob("*")):
            if path.is_file():
                found[path.name].append(path.relative_to(self.root).as_posix())
        return found
