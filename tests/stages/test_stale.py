from pathlib import Path

from wsss_core.stages.stale import remove_stale_figures, remove_stale_parts


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_parts_of_an_earlier_part_size_go_and_everything_else_stays(tmp_path: Path) -> None:
    kept = {"parts/00000.arrow", "stats/00000.json", "stage.json", "model.json"}
    make(tmp_path, *kept, "parts/00001.arrow", "stats/00001.json")
    removed = remove_stale_parts(tmp_path, ["00000"])
    assert files(tmp_path) == kept
    assert [path.name for path in removed] == ["00001.arrow", "00001.json"]


def test_files_of_killed_writers_go(tmp_path: Path) -> None:
    make(tmp_path, "parts/00000.arrow", "parts/.00000.arrow.x1.partial", "stats/.00000.json.x2.partial")
    assert len(remove_stale_parts(tmp_path, ["00000"])) == 2
    assert files(tmp_path) == {"parts/00000.arrow"}


def test_figures_of_stages_that_were_taken_out_go(tmp_path: Path) -> None:
    kept = {"stage.json", "seeds.json", "seeds.images.csv", "other--seeds.json", "other--seeds.images.csv", "mine.txt"}
    make(tmp_path, *kept, "seeds_030.json", "seeds_030.images.csv", ".seeds.json.x.partial")
    removed = remove_stale_figures(tmp_path, ["seeds", "other--seeds"])
    assert files(tmp_path) == kept
    assert len(removed) == 3


def test_a_folder_without_stale_parts_is_left_alone(tmp_path: Path) -> None:
    make(tmp_path, "parts/00000.arrow", "parts/00002.arrow")
    assert remove_stale_parts(tmp_path, ["00000", "00002", "00003"]) == ()
    assert files(tmp_path) == {"parts/00000.arrow", "parts/00002.arrow"}


def test_a_folder_that_is_not_there_has_no_stale_parts(tmp_path: Path) -> None:
    assert remove_stale_parts(tmp_path / "none", []) == ()
