"""What `wsss predict` is given: image files, folders, lists on standard input, and the frames of videos."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from wsss_core.data.folder import IMAGE_ENDINGS
from wsss_core.data.images import ImageError, read_image
from wsss_core.exchange.file_names import file_name

VIDEO_ENDINGS = frozenset({".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"})
LIST_ON_STDIN = "-"
_FRAME_DIGITS = 6


@dataclass(frozen=True)
class Photograph:
    """An image or a video to label, and the name (without ending) of what is written for it."""

    path: Path
    name: str

    @property
    def is_video(self) -> bool:
        """Whether it has frames."""
        return self.path.suffix.lower() in VIDEO_ENDINGS


@dataclass(frozen=True)
class View:
    """One picture to label: `name` of its files, what it is called in messages, uint8 RGB (H, W, 3)."""

    name: str
    shown: str
    image_HW3: np.ndarray


def views(photograph: Photograph, every: int) -> Iterator[View]:
    """The picture of an image, or the frames 0, `every`, 2·`every`, ... of a video. Raises `ImageError`."""
    if not photograph.is_video:
        yield View(photograph.name, str(photograph.path), read_image(photograph.path))
        return
    frames = cv2.VideoCapture(str(photograph.path))
    try:
        number = 0
        while frames.grab():
            if number % every == 0:
                decoded, frame_bgr = frames.retrieve()
                if not decoded:
                    break
                name = f"{photograph.name}_{number:0{_FRAME_DIGITS}d}"
                yield View(name, f"{photograph.path} frame {number}", np.ascontiguousarray(frame_bgr[..., ::-1]))
            number += 1
    finally:
        frames.release()
    if not number:
        remedy = "convert it, e.g. with `ffmpeg -i in.mov out.mp4`, or take it off the list"
        raise ImageError(photograph.path, "a video", "no frame that OpenCV can read", remedy)


def find_photographs(paths: Sequence[Path]) -> list[Photograph]:
    """The images and videos among `paths`, those of folders and their sub-folders included, each with its own name.

    `-` stands for the paths on standard input, one a line. Raises `FileNotFoundError` for a missing path and when there
    is nothing to label at all.
    """
    found: list[Photograph] = []
    taken: set[str] = set()
    for path, relative in _files(_with_stdin(paths)):
        stem = file_name(relative.with_suffix("").as_posix(), "")
        candidates = (stem, file_name(relative.as_posix(), ""), *(f"{stem}_{n}" for n in range(2, len(taken) + 3)))
        name = next(name for name in candidates if name not in taken)
        taken.add(name)
        found.append(Photograph(path, name))
    if not found:
        raise FileNotFoundError(
            f"expected images ({', '.join(sorted(IMAGE_ENDINGS))}) or videos, found none in the given folders"
        )
    return found


def _with_stdin(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if str(path) == LIST_ON_STDIN:
            yield from (Path(line.rstrip("\n")) for line in sys.stdin if line.strip())
        else:
            yield path


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Each file with its path relative to the given folder (a given file: its name)."""
    endings = IMAGE_ENDINGS | VIDEO_ENDINGS
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in endings and file.is_file())
            yield from ((file, file.relative_to(path)) for file in inside)
        elif path.is_file():
            yield path, Path(path.name)
        else:
            raise FileNotFoundError(f"{path}: there is no such image or folder")
