"""What labelling tools make of the names of image files, and what the files may be called on disk."""

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

# Label Studio puts eight hexadecimal signs before the names of uploaded files; a date is none of its making.
_UPLOAD_PREFIX = re.compile(r"^(?!(?:19|20)\d{6}-)[0-9a-f]{8}-(?=.)")
_UPLOAD_FOLDER = "upload"
_DROPPED = re.compile(r"[^-\w.]")


def image_files(address: str) -> tuple[str, ...]:
    """What the image behind an address of Label Studio, or a name that it wrote, is called on disk, likeliest first:
    uploads have a prefix before the name, files of local storage stand in the address's query."""
    path = PurePosixPath(_path_of(address))
    plain = _UPLOAD_PREFIX.sub("", path.name)
    if plain == path.name:
        return (str(path),)
    return (plain, str(path)) if _UPLOAD_FOLDER in path.parts else (str(path), plain)


def _path_of(address: str) -> str:
    if "://" not in address and not address.startswith("/"):
        return unquote(address)
    try:
        parts = urlsplit(address)
    except ValueError:  # a name with brackets, such as no address has
        return address
    local = parse_qs(parts.query).get("d")
    return (local[0] if local else unquote(parts.path)).lstrip("/")


def file_or_address(name: str) -> tuple[str, ...]:
    """The name as it is, and what it is on disk if it is an address: Label Studio writes those into COCO and VOC."""
    return tuple(dict.fromkeys((name, *image_files(name))))


def uploaded_name(name: str) -> str:
    """The name under which Label Studio keeps an uploaded file, without its prefix: `50% grey.jpg` is `50_grey.jpg`."""
    return _DROPPED.sub("", name.strip().replace(" ", "_"))
