"""Any folder of photographs: names, tags, splits, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.artifacts.manifest import Manifest
from wsss_core.data import folder
from wsss_core.data.faults import DataError
from wsss_core.settings.data import FolderSettings

MakeFile = Callable[..., Path]
NAMES = (
    "plain.jpg",
    "with space.JPG",
    " space before.jpg",
    "o'brien.png",
    'say "hi".png',
    "größe 猫.jpg",
    "$(reboot);&|.png",
    "sub/deep.jpg",
)


def settings(images: Path, **changes: object) -> FolderSettings:
    return FolderSettings.parse({"images": str(images), **changes}, "data")


def build(values: FolderSettings) -> Manifest:
    return folder.build(values, folder.list_images(values), Path("unused"))


def test_label_maps_below_the_images_are_no_class_of_their_own(tmp_path: Path) -> None:
    for name in ("cat/a.png", "dog/b.png", "masks/cat/a.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    files = folder.tagged_files(settings(tmp_path, truth=str(tmp_path / "masks")))
    assert [entry.file for entry in files] == ["cat/a.png", "dog/b.png"]


def test_a_name_in_another_encoding_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    with open(bytes(tmp_path / "cat") + b"/gr\xf6\xdfe.jpg", "wb"):
        pass
    with pytest.raises(DataError, match=r"1 file names are not UTF-8:\n  'cat/gr\\udcf6\\udcdfe.jpg'\nTo do: rename"):
        folder.list_images(settings(tmp_path))


def write_table(path: Path, rows: list[tuple[str, ...]], header: str = "file,tags") -> str:
    cells = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    path.write_text("\n".join([header, *cells]) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def photos(tmp_path: Path, photo: MakeFile) -> Path:
    for name in NAMES:
        photo(tmp_path / "photos" / name)
    return tmp_path / "photos"


def test_table_gives_tags_to_files_of_any_name(photos: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "tags.csv", [(name, "dog; cat" if n % 2 else "") for n, name in enumerate(NAMES)])
    manifest = build(settings(photos, tags=table))
    assert manifest.classes == ("background", "cat", "dog")
    assert [record.image_id for record in manifest.records] == [name.rsplit(".", 1)[0] for name in NAMES]
    assert [record.tags for record in manifest.records] == [(1, 2) if n % 2 else () for n in range(len(NAMES))]
    assert all(Path(record.file).is_file() for record in manifest.records)
    assert all(record.splits == ("train",) for record in manifest.records)
    assert manifest.notes == ("4 of 8 images have no tag",)
    assert manifest.tag_source == f"the table {table}"


def test_sub_folders_are_tags_and_loose_images_have_none(tmp_path: Path, photo: MakeFile) -> None:
    for name in ("dog/1.jpg", "cat/1.jpg", "cat/more/2.png", "loose.jpg", "cat/.hidden.jpg", ".cache/3.jpg"):
        photo(tmp_path / "photos" / name)
    (tmp_path / "photos" / "cat" / "notes.txt").write_text("no image")
    manifest = build(settings(tmp_path / "photos"))
    found = {record.image_id: record.tags for record in manifest.records}
    assert found == {"cat/1": (1,), "cat/more/2": (1,), "dog/1": (2,), "loose": ()}
    assert manifest.classes == ("background", "cat", "dog")


def test_given_classes_fix_the_order_of_label_ids(photos: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "tags.csv", [("plain.jpg", "cat")])
    manifest = build(settings(photos, tags=table, classes=("dog", "cat")))
    assert manifest.records[0].tags == (2,)


def test_unknown_tag_names_line_and_nearest_class(photos: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "tags.csv", [("plain.jpg", "cat"), ("o'brien.png", "dgo")])
    with pytest.raises(DataError, match=r"(?s)1 unknown tags:.*tags\.csv, line 3: .*'dgo'; did you mean 'dog'"):
        folder.list_images(settings(photos, tags=table, classes=("dog", "cat")))


def test_tags_that_differ_in_case_are_one_unless_both_are_classes(photos: Path, tmp_path: Path) -> None:
    tags = write_table(tmp_path / "tags.csv", [("plain.jpg", "Cat"), ("sub/deep.jpg", "cat")])
    with pytest.raises(DataError, match=r"line 3: expected one way to write a tag, found 'cat', which is 'Cat' in .*2"):
        folder.list_images(settings(photos, tags=tags))
    assert folder.list_images(settings(photos, tags=tags, classes=["Cat", "cat"])).classes == ("Cat", "cat")


def test_unknown_sub_folder_is_an_unknown_tag(tmp_path: Path, photo: MakeFile) -> None:
    photo(tmp_path / "photos" / "cats" / "1.jpg")
    with pytest.raises(DataError, match=r"(?s)1\.jpg: unknown tag 'cats'; did you mean 'cat'"):
        folder.list_images(settings(tmp_path / "photos", classes=("cat",)))


def test_duplicate_ids_name_both_places(photos: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "tags.csv", [("plain.jpg", "cat"), ("plain.png", "cat")])
    with pytest.raises(DataError, match=r"(?s)duplicate ids.*'plain': .*line 2 and .*line 3"):
        folder.list_images(settings(photos, tags=table))


def test_missing_files_are_named_or_skipped(photos: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "tags.csv", [("plain.jpg", "cat"), ("gone.jpg", "cat")])
    with pytest.raises(DataError, match=r"image 'gone': .*gone\.jpg: .*found no file"):
        build(settings(photos, tags=table))
    manifest = build(settings(photos, tags=table, skip_bad=True))
    assert [record.image_id for record in manifest.skipped()] == ["gone"]


def test_accents_stored_in_another_form_are_found(tmp_path: Path, photo: MakeFile) -> None:
    photo(tmp_path / "photos" / "cafe\u0301.jpg")  # letter plus accent, as macOS stores it
    table = write_table(tmp_path / "tags.csv", [("caf\u00e9.jpg", "cup")])  # one sign
    assert Path(build(settings(tmp_path / "photos", tags=table)).records[0].file).is_file()


def test_column_split_is_used(photos: Path, tmp_path: Path) -> None:
    rows = [("plain.jpg", "cat", "train;train_aug"), ("o'brien.png", "cat", "val"), ("sub/deep.jpg", "cat", "")]
    table = write_table(tmp_path / "tags.csv", rows, "file,tags,split")
    listing = folder.list_images(settings(photos, tags=table, val_fraction=0.5))
    assert listing.splits == (("train", "train_aug"), ("val",), ("train",))


@given(st.sets(st.text("abcdef", min_size=1, max_size=6), min_size=2, max_size=30), st.floats(0.05, 0.95))
def test_drawn_splits_are_disjoint_and_never_empty(names: set[str], fraction: float) -> None:
    splits = folder._drawn_splits(tuple(sorted(names)), settings(Path("x"), val_fraction=fraction))
    assert set(splits) == {("train",), ("val",)}


def test_val_share_is_about_the_fraction_and_stays_when_images_are_added() -> None:
    ids = tuple(f"image {number}" for number in range(1000))
    values = settings(Path("x"), val_fraction=0.2)
    splits = folder._drawn_splits(ids, values)
    assert 150 < splits.count(("val",)) < 250
    assert folder._drawn_splits((*ids, "one more"), values)[:1000] == splits
    assert folder._drawn_splits(ids, settings(Path("x"), val_fraction=0.2, split_seed=1)) != splits


def test_one_image_cannot_be_split(photos: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "tags.csv", [("plain.jpg", "cat")])
    with pytest.raises(DataError, match="at least 2 images"):
        folder.list_images(settings(photos, tags=table, val_fraction=0.5))


def test_truth_is_found_by_name_and_may_be_absent(photos: Path, tmp_path: Path, mask: MakeFile) -> None:
    table = write_table(tmp_path / "tags.csv", [("sub/deep.jpg", "cat"), ("plain.jpg", "cat")])
    mask(tmp_path / "masks" / "sub" / "deep.png", [0, 1])
    manifest = build(settings(photos, tags=table, truth=str(tmp_path / "masks")))
    assert [record.truth for record in manifest.records] == [str(tmp_path / "masks" / "sub" / "deep.png"), None]


def test_empty_sets_are_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected the folder of the images, found none"):
        folder.list_images(settings(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="expected at least one image"):
        folder.list_images(settings(tmp_path / "empty"))
    with pytest.raises(DataError, match="expected at least one image"):
        folder.list_images(settings(photos, tags=write_table(tmp_path / "tags.csv", [])))
    with pytest.raises(DataError, match="expected at least one tag"):
        folder.list_images(settings(photos, tags=write_table(tmp_path / "tags.csv", [("plain.jpg", " ; ")])))


def test_image_taken_off_the_table_after_listing_is_noticed(photos: Path, tmp_path: Path) -> None:
    rows = [("plain.jpg", "cat"), ("o'brien.png", "cat")]
    values = settings(photos, tags=write_table(tmp_path / "tags.csv", rows))
    listing = folder.list_images(values)
    write_table(tmp_path / "tags.csv", rows[:1])
    with pytest.raises(DataError, match=r"\"o'brien\" was listed and is gone"):
        folder.build(values, listing, tmp_path)


def test_the_table_of_tags_is_watched_for_changes(photos: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "tags.csv", [(NAMES[0], "cat")])
    assert folder.input_files(settings(photos, tags=table)) == [Path(table)]
    assert folder.input_files(settings(photos)) == []
