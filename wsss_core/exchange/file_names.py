"""File names for image ids: one name per id, whatever the id holds, and never a path out of the folder."""

import hashlib

_KEPT = frozenset("-_. ()+,=@")
_LONGEST_BYTES = 180  # file systems allow 255 bytes for a name; extensions and temporary prefixes need the rest
_HASH_DIGITS = 16


def file_name(image_id: str, extension: str) -> str:
    """A file name for `image_id` with `extension` (such as ".png"); different ids give different names.

    Letters and digits of any script stay. Path separators, control and quoting characters, `%` and a leading dot or
    space become `%XX` of their UTF-8 bytes, so "../a" is "%2E.%2Fa". Very long ids end in a hash of the whole id.
    """
    if not image_id:
        raise ValueError("expected an image id, found an empty text; an image without an id cannot be written")
    name = "".join(_escape(letter, index == 0) for index, letter in enumerate(image_id))
    if len(name.encode()) > _LONGEST_BYTES:
        digest = hashlib.sha256(image_id.encode()).hexdigest()[:_HASH_DIGITS]
        start = name.encode()[: _LONGEST_BYTES - _HASH_DIGITS - 1].decode(errors="ignore")
        name = f"{start}%{digest}"  # a bare "%" followed by 16 digits never comes from escaping a shorter id
    return name + extension


def _escape(letter: str, first: bool) -> str:
    if letter.isalnum() or (letter in _KEPT and not (first and letter in ". ")):
        return letter
    return "".join(f"%{byte:02X}" for byte in letter.encode(errors="surrogateescape"))
