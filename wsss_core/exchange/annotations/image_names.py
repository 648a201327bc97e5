"""What labelling tools make of the names of image files, and what the files may be called on disk."""

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-(?=.)")  # Label Studio puts it before the names of uploaded files
_DROPPED = re.compile(r"[^-\w.]")


def image_files(address: str) -> tuple[str, ...]:
    """What the image behind an address of Label Studio is called on disk, likeliest first: uploads have a prefix before
    the name, files of local storage stand in the address's query."""
    try:
        parts = urlsplit(address)
    except ValueError:  # a name with brackets, such as no address has
        return (address,)
    local = parse_qs(parts.query).get("d")
    path = local[0] if local else unquote(parts.path)
    path = path.lstrip("/")
    plain = _UPLOAD_PREFIX.sub("", PurePosixPath(path).name)
    return (path,) if plain == PurePosixPath(path).name else (plain, path)


def file_or_address(name: str) -> tuple[str, ...]:
    """The name as it is, and what it is on disk if it is an address: Label Studio writes those into COCO and VOC."""
    return tuple(dict.fromkeys((name, *image_files(name))))


def uploaded_name(name: str) -> str:
    """The name under which Label Studio keeps an uploaded file, without its prefix: `50% grey.jpg` is `50_grey.jpg`."""
    return _DROPPED.sub("", name.strip().replace(" ", "_"))
