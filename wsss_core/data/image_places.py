"""Where the images lie that a labelling tool names: it may have kept other folders, or none, of their paths."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from wsss_core.data.faults import DataError
from wsss_core.data.tag_table import existing_path
from wsss_core.exchange.annotations.image_names import uploaded_name


class ImagePlaces:
    """Finds image files below the folder `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, names: Sequence[str], where: str) -> str:
        """The path relative to `root` of the first name that exists there: as it is, without its first folders, or
        anywhere below `root` where only one file is called so, or would be after an upload to Label Studio. Else the
        first name's last step, which does not exist.

        Raises `DataError`, opening with `where`, when several files are called so.
        """
        for name in names:
            steps = [step for step in PurePosixPath(name.replace("\\", "/")).parts if step not in ("/", "..")]
            for first in range(len(steps)):
                path = existing_path(self.root, "/".join(steps[first:]))
                if path.is_file():
                    return path.relative_to(self.root).as_posix()
            found = _only_one(self._by_name.get(steps[-1], []) if steps else [], where)
            if found is not None:
                return found
        last = [PurePosixPath(name.replace("\\", "/")).name for name in names]
        uploads = (_only_one(self._by_upload.get(uploaded_name(name), []), where) for name in last)
        return next((found for found in uploads if found is not None), last[0])

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for path in sorted(self.root.rglob("*")):
            if path.is_file():
                found[path.name].append(path.relative_to(self.root).as_posix())
        return found

    @cached_property
    def _by_upload(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name, files in self._by_name.items():
            found[uploaded_name(name)] += files
        return found


def _only_one(files: Sequence[str], where: str) -> str | None:
    if len(files) > 1:
        raise DataError(
            f"{where}: {len(files)} files are called so, such as {files[0]} and {files[1]}. To do: give them different "
            "names, or the path below the image folder in the annotations."
        )
    return files[0] if files else None
