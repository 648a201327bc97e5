import os
from pathlib import Path

from wsss_core.settings.precomputed import PrecomputedLabelsSettings, PrecomputedPairSettings
from wsss_core.settings.seeds import ArgmaxSettings
from wsss_core.stages.foreign_files import folders_of, newest_files


def touch(path: Path, time_s: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    os.utime(path, (time_s, time_s))
    return path


def test_methods_that_take_no_files_have_no_folder() -> None:
    assert folders_of(ArgmaxSettings()) == {}
    assert newest_files(ArgmaxSettings(), ["a"]) == []


def test_the_newest_file_of_each_folder_stands_for_all(tmp_path: Path) -> None:
    low, high = touch(tmp_path / "la/b.npy", 20), touch(tmp_path / "ha/a.npy", 20)
    touch(tmp_path / "la/a.npy", 10)
    touch(tmp_path / "ha/b.npy", 10)
    touch(tmp_path / "ha/other image.npy", 90)
    settings = PrecomputedPairSettings(low_folder=str(tmp_path / "la"), high_folder=str(tmp_path / "ha"))
    assert list(folders_of(settings)) == ["low_folder", "high_folder"]
    assert newest_files(settings, ["a", "b", "c"]) == [low, high]


def test_missing_files_and_folders_are_left_to_the_stage_that_names_the_image(tmp_path: Path) -> None:
    assert newest_files(PrecomputedLabelsSettings(folder=str(tmp_path)), ["a"]) == []
    assert newest_files(PrecomputedLabelsSettings(folder=str(tmp_path / "nowhere")), ["a"]) == []
