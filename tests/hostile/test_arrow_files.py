"""Damaged manifests and parts."""

import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hostile.damage import damaged, tried
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import FORMATS, Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import Box, ImageRecord, Listing, Manifest, Point
from wsss_core.artifacts.parts import PartReader, PartWriter
from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import encode_masks


def manifest() -> Manifest:
    boxes, points = (Box(1, 2, 3, 4, 1),), (Point(5, 6, 2),)
    records = [
        ImageRecord(f"image {number}", f"/photos/{number}.jpg", 30, 40, ("train",), number // 2, (1, 2), boxes, points)
        for number in range(5)
    ]
    return Manifest(("background", "cat", "dog"), tuple(records), "a table", "folder", ("a note",))


def rows(kind: str) -> list[Row]:
    generator = np.random.default_rng(0)
    if kind == "seeds":
        return [LabelRow(str(number), generator.integers(0, 3, (12, 9), np.uint8)) for number in range(3)]
    if kind == "cams":
        maps = (generator.random((2, 3, 4), np.float32), generator.random((2, 5, 6), np.float32))
        return [CamRow(str(number), (24, 32), np.array([1, 5], np.int32), maps, (24, 32), True) for number in range(3)]
    rles = encode_masks(generator.random((3, 8, 9)) < 0.5)
    numbers = np.arange(3)
    return [RegionRow("a", (8, 9), rles, numbers.astype(np.int32), numbers.astype(np.int32), numbers / 3, numbers / 3)]


def sound_manifest() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        manifest().write(f"{folder}/manifest.arrow")
        return Path(folder, "manifest.arrow").read_bytes()


def sound_part(kind: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        with PartWriter(f"{folder}/part.arrow", FORMATS[kind].schema) as writer:
            for row in rows(kind):
                writer.append(FORMATS[kind].encode(row))
        return Path(folder, "part.arrow").read_bytes()


PARTS = {kind: sound_part(kind) for kind in ("seeds", "cams", "regions")}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "damaged.arrow"


@given(content=damaged(sound_manifest()), part=st.sampled_from([None, 0]))
def test_a_damaged_manifest_is_read_or_refused(path: Path, content: bytes, part: int | None) -> None:
    path.write_bytes(content)
    read = tried(lambda: Manifest.read(path, part), ArtifactError, "run the data stage")
    if isinstance(read, Manifest):
        assert all(isinstance(record, ImageRecord) for record in read.records)


@given(content=damaged(sound_manifest()))
def test_the_listing_of_a_damaged_manifest_is_read_or_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    read = tried(lambda: Listing.of_manifest(path, 2), ArtifactError, "run the data stage")
    if isinstance(read, Listing):
        assert len(read.ids) == len(read.splits)


@given(content=damaged(*PARTS.values()))
def test_a_damaged_part_is_read_or_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    records = tried(lambda: list(PartReader(path)), ArtifactError, "delete it and run the stage again")
    for record in records if isinstance(records, list) else []:
        for form in (FORMATS["seeds"], FORMATS["cams"], FORMATS["regions"]):
            with suppress(ArtifactError, KeyError, ValueError, TypeError):  # told by the driver, with the image's id
                form.decode(record)


def test_what_is_damaged_above_was_sound(path: Path) -> None:
    path.write_bytes(sound_manifest())
    assert Manifest.read(path) == manifest()
    for kind, content in PARTS.items():
        path.write_bytes(content)
        assert [FORMATS[kind].decode(record).image_id for record in PartReader(path)] == [
            row.image_id for row in rows(kind)
        ]


def test_a_manifest_of_other_columns_is_refused(path: Path) -> None:
    path.write_bytes(PARTS["seeds"])
    with pytest.raises(ArtifactError, match=r"damaged\.arrow is not a manifest"):
        Manifest.read(path)


def test_a_name_that_is_no_text_is_refused(path: Path) -> None:
    path.write_bytes(PARTS["regions"].replace(b"level", b"le\xffel"))
    with pytest.raises(ArtifactError, match=r"damaged\.arrow is not a readable part"):
        list(PartReader(path))
