"""Folders with one file per image, named by the image id."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wsss_core.exchange.file_names import file_name

ID = "{id}"


@dataclass(frozen=True)
class FileFolder:
    """`folder` and the names that the file of an image may have there; `{id}` in them stands for the image id.

    An id is looked for as `wsss export` writes it (a "/" becomes %2F) and as it is, below the folder.
    """

    folder: Path
    names: tuple[str, ...]

    @classmethod
    def at(cls, setting: str, folder: str, names: Sequence[str]) -> "FileFolder":
        """The folder that the key `setting` names. Raises `FileNotFoundError` when it does not exist."""
        path = Path(folder).expanduser()
        if not path.is_dir():
            raise FileNotFoundError(
                f"setting `{setting}`: expected a folder with a file for each image, found none at {path}. To do: "
                "correct the path."
            )
        return cls(path, tuple(names))

    def find(self, image_id: str) -> Path | None:
        """The image's file, or None."""
        return next((path for path in self._places(image_id) if path.is_file()), None)

    def file(self, image_id: str) -> Path:
        """The image's file. Raises `FileNotFoundError` that names the image and the file that was expected."""
        found = self.find(image_id)
        if found is None:
            expected = " or ".join(str(self.folder / name.replace(ID, file_name(image_id, ""))) for name in self.names)
            raise FileNotFoundError(
                f"image {image_id!r}: expected its file at {expected}, found none. To do: make the file, correct the "
                "folder or the file name, or take images without a file off the stage's `splits`."
            )
        return found

    def _places(self, image_id: str) -> Iterator[Path]:
        below = PurePosixPath(image_id)
        inside = not below.is_absolute() and ".." not in below.parts
        for name in self.names:
            yield self.folder / name.replace(ID, file_name(image_id, ""))
            if inside:
                yield self.folder / name.replace(ID, image_id)
