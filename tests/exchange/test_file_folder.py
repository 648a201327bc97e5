from pathlib import Path

import pytest

from wsss_core.exchange.file_folder import FileFolder


def folder_with(tmp_path: Path, *names: str) -> FileFolder:
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return FileFolder.at("folder", str(tmp_path), ("{id}.npy",))


def test_a_file_is_found_by_the_image_id(tmp_path: Path) -> None:
    assert folder_with(tmp_path, "2007_000032.npy").file("2007_000032") == tmp_path / "2007_000032.npy"


def test_an_id_with_folders_is_found_as_exported_or_in_folders(tmp_path: Path) -> None:
    assert folder_with(tmp_path, "a/b.npy").file("a/b") == tmp_path / "a/b.npy"
    assert folder_with(tmp_path, "a%2Fb.npy").file("a/b") == tmp_path / "a%2Fb.npy"


def test_no_id_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outside.npy").write_text("")
    folder = folder_with(tmp_path / "inside", "x.npy")
    assert folder.find("../outside") is None
    assert folder.find(str(tmp_path / "outside")) is None


def test_other_names_and_several_endings_are_tried_in_order(tmp_path: Path) -> None:
    folder_with(tmp_path, "a_mask.png", "a.json", "b.json", "{id}.png")
    folder = FileFolder(tmp_path, ("{id}_mask.png", "{id}.json"))
    assert folder.find("a") == tmp_path / "a_mask.png"
    assert folder.find("b") == tmp_path / "b.json"
    assert folder.find("c") is None


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    folder = FileFolder(tmp_path, ("{id}.png", "{id}.json"))
    with pytest.raises(FileNotFoundError, match=r"image 'a/b': expected its file at .*%2Fb\.png or .*json, found"):
        folder.file("a/b")
    with pytest.raises(FileNotFoundError, match=r"setting `low_folder`: .* found none at .*nowhere"):
        FileFolder.at("low_folder", str(tmp_path / "nowhere"), ("{id}.png",))


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "cams").mkdir()
    assert FileFolder.at("folder", "~/cams", ("{id}.npy",)).folder == tmp_path / "cams"
