"""Named evaluation protocols: published figures hold for exactly one list of images each.

The official lists are not part of this package. Their number and the form of their ids are known and checked; where
`sha256` is None no reference hash is at hand, and the report says that other ids of the same number would pass.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from wsss_core.data.faults import DataError
from wsss_core.settings.base import nearest


@dataclass(frozen=True)
class Protocol:
    """A published list: number of ids, their form (regular expression), hash by `hash_ids` or None if not known."""

    name: str
    count: int
    id_form: str
    about: str
    sha256: str | None = None


@dataclass(frozen=True)
class ProtocolReport:
    """`matches`: nothing contradicts the protocol; `verified`: the hash of the list was compared too.

    `sha256` is the hash of the ids at hand, `text` one or two sentences for the report.
    """

    matches: bool
    verified: bool
    sha256: str
    text: str


_VOC_ID = r"\d{4}_\d{6}"
PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol("voc12-train-1464", 1464, _VOC_ID, "VOC 2012 segmentation, official train list"),
        Protocol("voc12-trainaug-10582", 10582, _VOC_ID, "VOC 2012 train with the SBD masks, without val"),
        Protocol("voc12-val-1449", 1449, _VOC_ID, "VOC 2012 segmentation, official val list"),
        Protocol("voc12-test-1456", 1456, _VOC_ID, "VOC 2012 segmentation, official test list (no public masks)"),
        Protocol("coco14-train-82081", 82081, r"COCO_train2014_\d{12}", "MS-COCO 2014 train, images with an object"),
        Protocol("coco14-val-40137", 40137, r"COCO_val2014_\d{12}", "MS-COCO 2014 val, images with an object"),
    )
}


def hash_ids(ids: Collection[str]) -> str:
    """SHA-256 (hexadecimal) of the sorted ids, one a line: the same for every order of the list."""
    return hashlib.sha256("".join(f"{image_id}\n" for image_id in sorted(ids)).encode()).hexdigest()


def check_protocol(name: str, ids: Sequence[str]) -> ProtocolReport:
    """Compare the ids at hand with a named protocol. Raises `DataError` for an unknown name."""
    if name not in PROTOCOLS:
        raise DataError(f"unknown protocol {name!r}; {nearest(name, list(PROTOCOLS))}")
    return compare(PROTOCOLS[name], ids)


def compare(protocol: Protocol, ids: Sequence[str]) -> ProtocolReport:
    """Compare the ids at hand with a protocol: number, repetitions, form of the ids, hash if it is known."""
    found = hash_ids(ids)
    differences = _differences(protocol, ids, found)
    if differences:
        text = (
            f"NOT {protocol.name} ({protocol.about}): {'; '.join(differences)}. "
            "Figures of this data cannot be compared with published ones."
        )
        return ProtocolReport(False, protocol.sha256 is not None, found, text)
    if protocol.sha256 is None:
        text = (
            f"{protocol.name}: number and form of the ids fit. No reference hash is known, so other ids of that kind "
            f"would not be noticed; SHA-256 of the list at hand: {found}."
        )
        return ProtocolReport(True, False, found, text)
    return ProtocolReport(True, True, found, f"{protocol.name}: the list at hand is the published one.")


def _differences(protocol: Protocol, ids: Sequence[str], found: str) -> list[str]:
    faults = []
    if len(ids) != protocol.count:
        faults.append(f"expected {protocol.count} images, found {len(ids)}")
    if len(set(ids)) != len(ids):
        faults.append(f"{len(ids) - len(set(ids))} ids stand more than once")
    strange = [image_id for image_id in ids if not re.fullmatch(protocol.id_form, image_id)]
    if strange:
        faults.append(f"{len(strange)} ids are not of its form, such as {strange[0]!r}")
    if not faults and protocol.sha256 not in (None, found):
        faults.append(f"expected the list with SHA-256 {protocol.sha256}, found {found}")
    return faults


def tags_as_input_note(stage: str, split: str, trained_on: Collection[str], uses_tags: bool) -> str | None:
    """A warning for the report when the evaluated result was made with the tags of images nothing was trained on.

    stage: name of the evaluated stage; trained_on: splits used for training; uses_tags: whether the result
    depends on the tags of its own images (CAMs, refined CAMs and seeds do, predictions do not unless restricted).
    None when there is nothing to warn about.
    """
    if not uses_tags or split in trained_on:
        return None
    return (
        f"TAGS ARE AN INPUT: {stage!r} on split {split!r} was given the true tags of the images it is evaluated on. "
        "This is no figure of a method that sees the image only; compare it with like figures."
    )
