import errno
import json
import os
import stat
from pathlib import Path

import pytest

from wsss_core.artifacts import atomic
from wsss_core.artifacts.atomic import ArtifactError, atomic_output, write_bytes, write_json, write_text


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def fail_with(code: int):
    def failing(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    return failing


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that was published before."""
    path = tmp_path / "result.json"
    path.write_text("old")
    return path


def test_a_file_appears_under_its_name_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "deep/er/result.txt"
    with atomic_output(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.name.startswith(".")
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert names(path.parent) == {"result.txt"}


def test_an_error_of_the_writer_keeps_the_old_file_and_leaves_no_rubbish(old: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic_output(old) as temporary:
        temporary.write_text(f"half {1 / 0}")
    assert old.read_text() == "old"
    assert names(old.parent) == {old.name}


def test_an_interrupt_keeps_the_old_file(old: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic_output(old):
        raise KeyboardInterrupt
    assert old.read_text() == "old"
    assert names(old.parent) == {old.name}


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_a_full_disk_keeps_the_old_file_and_says_what_to_do(
    old: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic.os, step, fail_with(errno.ENOSPC))
    with pytest.raises(ArtifactError, match=r"cannot write .*result\.json: No space left.*free some space"):
        write_text(old, "new")
    monkeypatch.undo()
    assert old.read_text() == "old"
    assert names(old.parent) == {old.name}


def test_a_disk_that_fills_up_while_writing_is_reported_the_same_way(old: Path) -> None:
    with pytest.raises(ArtifactError, match="free some space"), atomic_output(old):
        fail_with(errno.ENOSPC)()
    assert old.read_text() == "old"


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_folder_that_may_not_be_written_is_named_with_the_remedy(
    tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic.tempfile, "mkstemp", lambda **_: fail_with(code)())
    with pytest.raises(ArtifactError, match="make the folder writable for this user, or choose another"):
        write_text(tmp_path / "a.txt", "text")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_really_unwritable_folder_is_reported(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ArtifactError, match="make the folder writable"):
        write_text(tmp_path / "a.txt", "text")


def test_a_file_where_a_folder_is_needed_is_reported(old: Path) -> None:
    with pytest.raises(ArtifactError, match=r"cannot write .*/result\.json/a\.txt"):
        write_text(old / "a.txt", "text")


def test_other_faults_of_the_system_say_that_finished_work_is_kept(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic.os, "replace", fail_with(errno.EIO))
    with pytest.raises(ArtifactError, match="what was finished before is kept"):
        write_text(old, "new")


def test_a_published_file_has_the_rights_that_the_umask_gives(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "text")
        assert os.umask(0o027) == 0o027  # asking for the umask has not changed it
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_a_temporary_file_that_the_writer_moved_away_is_an_error(old: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot write"), atomic_output(old) as temporary:
        temporary.unlink()
    assert old.read_text() == "old"


def test_bytes_and_text_are_written_as_given(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.bin", b"\x00\xff")
    write_text(tmp_path / "a.txt", "Schäfchen\n")
    assert (tmp_path / "a.bin").read_bytes() == b"\x00\xff"
    assert (tmp_path / "a.txt").read_bytes() == "Schäfchen\n".encode()


def test_equal_values_give_equal_json_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": [1, 2.5], "a": "ü"})
    write_json(tmp_path / "b.json", {"a": "ü", "b": [1, 2.5]})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": "ü", "b": [1, 2.5]}
    assert "ü" in (tmp_path / "a.json").read_text()
