from dataclasses import replace
from pathlib import Path

import pyarrow.ipc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.artifacts.manifest import FILE_NAME, Box, ImageRecord, Listing, Manifest, Point

FULL = ImageRecord(
    image_id="Kühe 'auf' der Weide",
    file="/data/Kühe, 1.jpg",
    height=30,
    width=40,
    splits=("train", "all"),
    part=0,
    tags=(1, 2),
    boxes=(Box(0, 1.5, 10, 12, 2),),
    points=(Point(3, 4, 1), Point(0.5, 0.25, 0)),
    scribbles="s.png",
    saliency="y.png",
    truth="t.png",
    instance_truth="o.png",
)
PLAIN = ImageRecord("b", "b.jpg", 5, 6, ("val",), 1)
BROKEN = ImageRecord("c", "c.jpg", 0, 0, ("val",), 1, skipped="zero bytes")
MANIFEST = Manifest(("background", "cow", "sheep"), (FULL, PLAIN, BROKEN), "CSV", "folder x", ("one note",))


def ids(records: list[ImageRecord]) -> list[str]:
    return [record.image_id for record in records]


def test_a_manifest_comes_back_as_it_was_from_file_and_from_folder(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path / "manifest.arrow")
    assert Manifest.read(tmp_path / "manifest.arrow") == MANIFEST
    assert Manifest.read(tmp_path) == MANIFEST


def test_equal_manifests_have_equal_bytes(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path / "a.arrow")
    MANIFEST.write(tmp_path / "b.arrow")
    assert (tmp_path / "a.arrow").read_bytes() == (tmp_path / "b.arrow").read_bytes()


def test_a_manifest_without_images_is_kept(tmp_path: Path) -> None:
    empty = replace(MANIFEST, records=())
    empty.write(tmp_path / "manifest.arrow")
    assert Manifest.read(tmp_path) == empty


def test_selecting_takes_splits_and_parts_and_leaves_skipped_images_out() -> None:
    assert ids(MANIFEST.select(["train", "val"])) == [FULL.image_id, "b"]
    assert ids(MANIFEST.select(["val"], part=0)) == []
    assert ids(MANIFEST.select(["val"], part=1)) == ["b"]
    assert ids(MANIFEST.select(["val"], with_skipped=True)) == ["b", "c"]
    assert ids(MANIFEST.select(["all", "train"])) == [FULL.image_id]


def test_skipped_images_keep_their_reason() -> None:
    assert [(record.image_id, record.skipped) for record in MANIFEST.skipped()] == [("c", "zero bytes")]


def test_a_missing_manifest_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"manifest\.arrow does not exist; run the data stage first"):
        Manifest.read(tmp_path / "manifest.arrow")


def test_a_broken_manifest_says_how_to_mend_it(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path / "manifest.arrow")
    whole = (tmp_path / "manifest.arrow").read_bytes()
    (tmp_path / "manifest.arrow").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArtifactError, match=r"is not a manifest .*; delete it and run the data stage"):
        Manifest.read(tmp_path)


def test_a_manifest_from_before_the_instance_truth_is_read(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path / "manifest.arrow")
    with pyarrow.ipc.open_file(str(tmp_path / "manifest.arrow")) as file:
        older = file.read_all().drop_columns(["instance_truth"])
    with pyarrow.ipc.new_file(str(tmp_path / "manifest.arrow"), older.schema) as writer:
        writer.write_table(older)
    assert Manifest.read(tmp_path).records == (replace(FULL, instance_truth=None), PLAIN, BROKEN)


LISTING = Listing(("a", "b", "c", "d", "e"), (("train",), ("val",), ("train", "all"), (), ("all",)), part_size=2)


def test_a_listing_knows_its_splits_in_order_of_appearance() -> None:
    assert LISTING.split_names == ("train", "val", "all")
    assert LISTING.ids_of("train") == ("a", "c")
    assert LISTING.ids_of("none") == ()


def test_parts_are_those_that_hold_an_image_of_the_splits() -> None:
    assert LISTING.parts(["train"]) == (0, 1)
    assert LISTING.parts(["val"]) == (0,)
    assert LISTING.parts(["all"]) == (1, 2)
    assert LISTING.parts([]) == ()


@given(
    splits=st.lists(st.lists(st.sampled_from(["train", "val"]), unique=True).map(tuple), max_size=20),
    part_size=st.integers(1, 7),
)
def test_every_image_of_a_split_is_in_a_part_of_that_split(splits: list[tuple[str, ...]], part_size: int) -> None:
    listing = Listing(tuple(map(str, range(len(splits)))), tuple(splits), part_size)
    for split in listing.split_names:
        assert {int(image_id) // part_size for image_id in listing.ids_of(split)} == set(listing.parts([split]))


def test_the_fingerprint_of_a_listing_follows_ids_splits_and_part_size() -> None:
    changed = [
        replace(LISTING, ids=("a", "b", "c", "d", "f")),
        replace(LISTING, splits=(("train",), ("train",), *LISTING.splits[2:])),
        replace(LISTING, part_size=3),
    ]
    assert len({listing.fingerprint() for listing in [LISTING, *changed]}) == 4
    assert replace(LISTING).fingerprint() == LISTING.fingerprint()


def test_a_part_is_read_without_the_rest(tmp_path):
    records = tuple(ImageRecord(f"{number}", "a.jpg", 2, 3, ("train",), number // 3, (1,)) for number in range(8))
    whole = Manifest(("background", "cat"), records, "tags", "set", ("a note",))
    whole.write(tmp_path / FILE_NAME)
    for part in range(4):
        found = Manifest.read(tmp_path, part)
        assert found.records == tuple(record for record in records if record.part == part)
        assert (found.classes, found.notes) == (whole.classes, whole.notes)
    assert Manifest.read(tmp_path) == whole


@given(
    splits=st.lists(st.lists(st.sampled_from(["train", "val"]), unique=True).map(tuple), max_size=9),
    part_size=st.integers(1, 4),
)
def test_a_listing_is_read_back_from_what_was_made_from_it(tmp_path_factory, splits, part_size):
    path = tmp_path_factory.mktemp("made") / FILE_NAME
    listing = Listing(tuple(f"image {number}" for number in range(len(splits))), tuple(splits), part_size)
    records = [
        ImageRecord(name, "a.jpg", 2, 3, own, place // part_size, skipped="broken" if place % 2 else None)
        for place, (name, own) in enumerate(zip(listing.ids, listing.splits, strict=True))
    ]
    Manifest(("background", "cat"), tuple(records), "tags", "set").write(path)
    assert Listing.of_manifest(path, part_size) == listing
