"""What is put into a store and found there; a folder stands for the bucket."""

from pathlib import Path

import pytest

from wsss_core.artifacts.object_store import files_to_store, finished_stages, open_store, stored_files


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_all_results_of_a_finished_stage_are_stored_but_what_belongs_to_this_machine(tmp_path: Path) -> None:
    results = ("e/cams/parts/00000.arrow", "e/cams/stats/00000.json")
    own = ("e/cams/parts/.00001.arrow.claim", "e/cams/.model.x.partial", "e/cams/resume/state-000000003.pt")
    make(tmp_path, *results, *own, "e/cams/stage.json")
    assert files_to_store(tmp_path, "e/cams") == list(results)


def test_an_unfinished_stage_is_not_stored(tmp_path: Path) -> None:
    make(tmp_path, "e/cams/parts/00000.arrow", "e/data/stage.json")
    assert finished_stages(tmp_path, "e") == ["e/data"]
    with pytest.raises(FileNotFoundError, match=r"expected the finished stage .*e/cams, found no stage\.json"):
        files_to_store(tmp_path, "e/cams")


def test_a_stage_is_found_in_a_store_once_it_is_there_as_a_whole(tmp_path: Path) -> None:
    store = f"file://{tmp_path}/bucket/results/"
    with pytest.raises(FileNotFoundError, match=r"expected the stage e/cams in file:.*, found nothing"):
        stored_files(store, "e/cams")
    make(tmp_path / "bucket/results", "e/cams/parts/00000.arrow")
    with pytest.raises(FileNotFoundError, match="found only some of its files"):
        stored_files(store, "e/cams")
    make(tmp_path / "bucket/results", "e/cams/stage.json", "e/cams2/stage.json")
    assert stored_files(store, "e/cams") == ["e/cams/parts/00000.arrow", "e/cams/stage.json"]
    storage, root = open_store(store)
    assert storage.open_input_file(f"{root}/e/cams/stage.json").read() == b"e/cams/stage.json"
