"""Which image of the data an annotated image is: labelling tools keep other folders, or none, of the paths of files."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from wsss_core.exchange.annotations.annotated_image import AnnotatedImage
from wsss_core.exchange.annotations.image_names import uploaded_name
from wsss_core.exchange.errors import ForeignFileError

Steps = tuple[str, ...]


def by_image_id(images: Iterable[AnnotatedImage], image_ids: Iterable[str]) -> dict[str, AnnotatedImage]:
    """The annotated images of those `image_ids` (all of the data) that have one; images of others are left out.

    Where a file may have several names, an image that has the likeliest of an id goes before one that has another.

    Raises `ForeignFileError` where several annotated images fit one id, or several ids one of them equally well.
    """
    known = _KnownIds(image_ids)
    sure, guessed = dict[str, AnnotatedImage](), dict[str, AnnotatedImage]()
    for image in images:
        if (image_id := known.named(image)) is not None:
            _add(sure, image_id, image)
        elif (image_id := known.guessed(image)) is not None:
            _add(guessed, image_id, image)
    return guessed | sure


def _add(found: dict[str, AnnotatedImage], image_id: str, image: AnnotatedImage) -> None:
    if image_id in found:
        raise ForeignFileError(
            f"{image.where}: 2 images are called {image_id!r} or end so, the other is {found[image_id].where}. To do: "
            "leave one of them."
        )
    found[image_id] = image


@dataclass(frozen=True)
class _Known:
    image_id: str
    steps: Steps


class _KnownIds:
    """Image ids by their last steps, as they are and as an upload would change them."""

    def __init__(self, image_ids: Iterable[str]) -> None:
        self.ids = frozenset(image_ids)
        self.by_name: dict[str, list[_Known]] = defaultdict(list)
        self.by_upload: dict[str, list[_Known]] = defaultdict(list)
        for image_id in sorted(self.ids):
            known = _Known(image_id, PurePosixPath(_one_form(image_id)).parts)
            self.by_name[known.steps[-1]].append(known)
            self.by_upload[uploaded_name(PurePosixPath(image_id).name)].append(known)

    def named(self, image: AnnotatedImage) -> str | None:
        """The id that the image has of its own, or that the likeliest name of its file ends with (the longest), or that
        ends with it; None where there is none."""
        return image.image_id if image.image_id in self.ids else self._by_path(image, image.files[:1])

    def guessed(self, image: AnnotatedImage) -> str | None:
        """The same by the other names that its file may have, and then by what an upload makes of names."""
        if (image_id := self._by_path(image, image.files[1:])) is not None:
            return image_id
        for steps in _all_steps(image.files):
            fitting = self.by_upload.get(uploaded_name(steps[-1]), [])
            if fitting and len(steps) == 1:  # uploads lose folders
                return _best(fitting, steps, image.where)
        return None

    def _by_path(self, image: AnnotatedImage, files: Sequence[str]) -> str | None:
        for steps in _all_steps(files):
            fitting = [known for known in self.by_name.get(steps[-1], ()) if _fit(known.steps, steps)]
            if fitting:
                return _best(fitting, steps, image.where)
        return None


def _all_steps(files: Sequence[str]) -> list[Steps]:
    return [_steps(file) for file in files if _path(file).name]


def _path(file: str) -> PurePosixPath:
    return PurePosixPath(_one_form(file).replace("\\", "/"))


def _steps(file: str) -> Steps:
    return _path(file).with_suffix("").parts


def _one_form(text: str) -> str:
    """Accents are stored as one sign or two, and files of macOS and tables disagree on that."""
    return unicodedata.normalize("NFC", text)


def _fit(one: Steps, other: Steps) -> bool:
    """Whether one path is the end of the other: photos/cats/1 and cats/1 are one image, cats/1 and dogs/1 are two."""
    length = min(len(one), len(other))
    return one[-length:] == other[-length:]


def _best(fitting: Sequence[_Known], steps: Steps, where: str) -> str:
    """Of ids that the path ends with, the longest; ids that go on before the path say nothing of which it is."""
    inside = [known for known in fitting if len(known.steps) <= len(steps)]
    if inside:
        return max(inside, key=lambda known: len(known.steps)).image_id
    if len(fitting) > 1:
        raise ForeignFileError(
            f"{where}: {len(fitting)} images of the data are called so, such as {fitting[0].image_id!r} and "
            f"{fitting[1].image_id!r}. To do: give them different names, or the path below the image folder in the "
            "annotations."
        )
    return fitting[0].image_id
