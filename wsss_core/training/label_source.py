"""Rows of an upstream per-image stage by image id, whatever part they lie in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar

from wsss_core.artifacts.formats import FORMATS, RowFormat
from wsss_core.artifacts.parts import PartReader

RowT = TypeVar("RowT")


class RowSource(Generic[RowT]):
    """Random access to the rows of one stage; holds no row, only the place of each.

    Parts are opened when a row is first asked for, in each process anew (an open file cannot be sent to a helper).
    """

    def __init__(self, folder: Path, kind: str, row_type: type[RowT]) -> None:
        """`folder` of the stage, its `kind` (a key of `FORMATS`) and the type of its rows.

        Raises `FileNotFoundError` when the stage has no part.
        """
        self.folder, self.kind, self.row_type = folder, kind, row_type
        self._places: dict[str, PartReader] | None = None

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_places": None}

    def __getitem__(self, image_id: str) -> RowT:
        places = self._opened()
        if image_id not in places:
            raise KeyError(f"image {image_id!r} has no row in {self.folder}; make the stage cover its split")
        row_format: RowFormat = FORMATS[self.kind]
        row = row_format.decode(places[image_id][image_id])
        if not isinstance(row, self.row_type):
            raise TypeError(f"{self.folder}: expected rows {_described(self.row_type)}, found {_described(type(row))}")
        return row

    def require(self, image_ids: Sequence[str]) -> None:
        """Raise `ValueError` unless every image has a row, `TypeError` unless the rows are of the expected form.

        Both before a long training finds out.
        """
        missing = [image_id for image_id in image_ids if image_id not in self._opened()]
        if missing:
            raise ValueError(
                f"{self.folder}: {len(missing)} of {len(image_ids)} training images have no row here, first "
                f"{missing[0]!r}. To do: let this stage cover every split that the training learns from."
            )
        for image_id in image_ids[:1]:
            self[image_id]

    def _opened(self) -> dict[str, PartReader]:
        if self._places is None:
            parts = sorted((self.folder / "parts").glob("*.arrow"))
            if not parts:
                raise FileNotFoundError(f"{self.folder} holds no parts; run the stage that makes them first")
            readers = [PartReader(path) for path in parts]
            self._places = {image_id: reader for reader in readers for image_id in reader.ids()}
        return self._places


def _described(row_type: type) -> str:
    """Name of a row type, and the method that makes it where a kind has several forms."""
    method = getattr(row_type, "method", None)
    return row_type.__name__ if method is None else f"{row_type.__name__} of {method}"
