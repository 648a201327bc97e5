"""What the manifest takes, refuses, skips and notes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from wsss_core.artifacts.manifest import Listing, Manifest
from wsss_core.data.collect import Draft, collect
from wsss_core.data.faults import DataError
from wsss_core.settings.data import DataSettings

MakeFile = Callable[..., Path]
CLASSES = ("cat", "dog")


def gather(drafts: list[Draft], **changes: object) -> Manifest:
    settings = DataSettings.parse(changes, "data")
    listing = Listing(
        tuple(draft.image_id for draft in drafts), tuple(draft.splits for draft in drafts), settings.part_size
    )
    return collect(drafts, listing, CLASSES, settings, ("a test", "by hand"))


def draft(image_id: str, file: Path, split: str = "train", truth: Path | None = None, **fields: object) -> Draft:
    return Draft(image_id, file, (split,), (1,), truth=truth, **fields)  # type: ignore[arg-type]


def bad_files(folder: Path, photo: MakeFile) -> dict[str, Path]:
    """One file of each kind that cannot be used, by the word its error must hold."""
    (folder / "zero.jpg").touch()
    whole = photo(folder / "whole.jpg", 60, 60).read_bytes()
    (folder / "short.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.png").write_text("hello")
    return {
        "zero bytes": folder / "zero.jpg",
        "truncated": folder / "short.jpg",
        "no known image format": folder / "text.png",
        "no file": folder / "missing.jpg",
        "max_pixels": photo(folder / "huge.png", 200, 60),
        "min_side": Path(_one_pixel(folder / "dot.png")),
    }


def _one_pixel(path: Path) -> Path:
    Image.new("RGB", (1, 1)).save(path)
    return path


def test_every_kind_of_bad_image_stops_with_its_reason(tmp_path: Path, photo: MakeFile) -> None:
    for word, file in bad_files(tmp_path, photo).items():
        with pytest.raises(DataError, match=rf"(?s)1 bad images:.*image 'x'.*{file.name}.*{word}.*skip_bad"):
            gather([draft("x", file)], max_pixels=10_000)


def test_skip_bad_keeps_the_rest_and_the_reasons(tmp_path: Path, photo: MakeFile) -> None:
    bad = bad_files(tmp_path, photo)
    drafts = [draft(word, file) for word, file in bad.items()] + [draft("good", photo(tmp_path / "good.jpg"))]
    manifest = gather(drafts, max_pixels=10_000, skip_bad=True)
    assert [record.image_id for record in manifest.select(["train"])] == ["good"]
    skipped = manifest.skipped()
    assert len(skipped) == len(bad)
    for record in skipped:
        assert record.image_id in (record.skipped or "")
    assert "6 of 7 images are left out as bad files" in manifest.notes


def test_parts_follow_the_listing_even_when_images_are_skipped(tmp_path: Path, photo: MakeFile) -> None:
    good = photo(tmp_path / "good.jpg")
    files = [good, tmp_path / "missing.jpg", good, good, good]
    manifest = gather([draft(str(n), file) for n, file in enumerate(files)], part_size=2, skip_bad=True)
    assert [record.part for record in manifest.records] == [0, 0, 1, 1, 2]


def test_a_split_left_without_images_is_an_error(tmp_path: Path, photo: MakeFile) -> None:
    drafts = [draft("a", photo(tmp_path / "a.jpg")), draft("b", tmp_path / "missing.jpg", "val")]
    with pytest.raises(DataError, match="found none in: val"):
        gather(drafts, skip_bad=True)


def test_where_no_image_can_be_used_the_first_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none in: train. The first bad one is 'x': .*a.jpg.*no file.* To do: mend"):
        gather([draft("x", tmp_path / "a.jpg")], skip_bad=True)


def test_mask_of_another_size_is_refused(tmp_path: Path, photo: MakeFile, mask: MakeFile) -> None:
    truth = mask(tmp_path / "a.png", [0, 1], 10, 32)
    with pytest.raises(DataError, match="height 24 and width 32, found 10 and 32"):
        gather([draft("a", photo(tmp_path / "a.jpg"), truth=truth)])


def test_mask_with_an_unknown_label_is_refused(tmp_path: Path, photo: MakeFile, mask: MakeFile) -> None:
    truth = mask(tmp_path / "a.png", [0, 1, 3, 255])
    with pytest.raises(DataError, match=r"expected label ids 0\.\.2 and 255 \(ignore\), found \[3\]"):
        gather([draft("a", photo(tmp_path / "a.jpg"), truth=truth)])


def test_damaged_weak_labels_are_refused(tmp_path: Path, photo: MakeFile) -> None:
    file = photo(tmp_path / "a.jpg")
    for name in ("scribbles", "saliency"):
        with pytest.raises(DataError, match=r"nothing\.png: expected a label PNG, found no file"):
            gather([draft("a", file, **{name: tmp_path / "nothing.png"})])


def test_disagreeing_tags_and_missing_tags_are_noted(tmp_path: Path, photo: MakeFile, mask: MakeFile) -> None:
    file = photo(tmp_path / "a.jpg")
    drafts = [
        draft("a", file, truth=mask(tmp_path / "a.png", [0, 1])),
        draft("b", file, truth=mask(tmp_path / "b.png", [0, 2])),
        Draft("c", file, ("train",), None, truth=mask(tmp_path / "c.png", [0, 2, 1])),
        Draft("d", file, ("train",), ()),
    ]
    manifest = gather(drafts)
    assert [record.tags for record in manifest.records] == [(1,), (1,), (1, 2), ()]
    assert manifest.notes == (
        "1 of 4 images have no tag",
        "1 of 3 images with ground truth have tags other than the classes in it",
    )


def test_masks_of_another_order_of_classes_are_suspected(tmp_path: Path, photo: MakeFile, mask: MakeFile) -> None:
    file = photo(tmp_path / "a.jpg")
    drafts = [draft(name, file, truth=mask(tmp_path / f"{name}.png", [0, 2])) for name in "ab"]
    [note] = gather([*drafts, draft("c", file, truth=mask(tmp_path / "c.png", [0, 1]))]).notes
    assert note.startswith("2 of 3 images with ground truth have tags other than the classes in it; are ")
    assert note.endswith("really the label ids 1, 2, ... of the masks? `classes` sets the order")


def test_manifest_survives_writing_and_reading(tmp_path: Path, photo: MakeFile) -> None:
    manifest = gather([draft("größe 'a'", photo(tmp_path / "a.jpg"))])
    manifest.write(tmp_path / "manifest.arrow")
    assert Manifest.read(tmp_path) == manifest
