"""`wsss fetch` against a server of this test: whole files, stopped downloads, wrong files, archives."""

import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wsss_core.cli import main
from wsss_core.download import public_files as listed
from wsss_core.download.archive import unpack
from wsss_core.download.public_files import PublicFile
from wsss_core.download.transfer import DownloadError, download

CONTENT = bytes(range(256)) * 40


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT under every name but /gone; `ranges` holds what was asked for."""

    ranges: list[str | None] = []  # noqa: RUF012
    content = CONTENT

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if self.path == "/gone" or start > len(self.content):
            self.send_error(404 if self.path == "/gone" else 416)
            return
        whole = self.path == "/whole"  # a server that knows no ranges
        body = self.content if whole else self.content[start:]
        self.send_response(206 if asked and not whole else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    Handler.ranges, Handler.content = [], CONTENT
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def entry(*urls: str, **values: object) -> PublicFile:
    digest = hashlib.sha256(CONTENT).hexdigest()
    about = {"about": "a file", "path": "weights/a.bin", "page": "the page", "licence": "MIT", "sha256": digest}
    return PublicFile.model_validate({**about, "urls": urls, **values})


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> dict[str, PublicFile]:
    files: dict[str, PublicFile] = {}
    monkeypatch.setattr(listed, "public_files", lambda: files)
    return files


def fetch(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["fetch", *map(str, arguments)])


def test_without_names_everything_is_listed() -> None:
    result = fetch()
    assert result.exit_code == 0
    assert "mobile-sam" in result.output
    assert "weights/sam_vit_h_4b8939.pth" in result.output


def test_a_file_is_fetched_from_the_first_mirror_that_has_it(
    server: str, only: dict[str, PublicFile], tmp_path: Path
) -> None:
    only["a"] = entry(f"{server}/gone", f"{server}/a")
    result = fetch("a", "--into", tmp_path)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "weights/a.bin").read_bytes() == CONTENT
    assert "checked: sha256" in result.output
    assert "there already" in fetch("a", "--into", tmp_path).output
    assert len(Handler.ranges) == 2


@pytest.mark.parametrize(("path", "asked"), [("a", "bytes=100-"), ("whole", "bytes=100-")])
def test_a_stopped_download_goes_on_or_begins_anew(server: str, tmp_path: Path, path: str, asked: str) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:100])
    seen: list[tuple[int, int | None]] = []
    download(entry(f"{server}/{path}"), tmp_path / "a.bin", lambda done, total: seen.append((done, total)))
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert Handler.ranges == [asked]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert not (tmp_path / "a.bin.part").exists()


def test_a_part_that_was_complete_is_only_checked(server: str, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT + b"x")
    with pytest.raises(DownloadError, match="expected sha256"):
        download(entry(f"{server}/a"), tmp_path / "a.bin")
    assert not (tmp_path / "a.bin.part").exists()


def test_a_wrong_file_is_removed_and_named(server: str, only: dict[str, PublicFile], tmp_path: Path) -> None:
    only["a"] = entry(f"{server}/a", size=3)
    result = fetch("a", "--into", tmp_path)
    assert result.exit_code == 1
    assert f"expected 3 bytes, found {len(CONTENT)}" in result.stderr
    assert f"get it by hand from the page and put it at {tmp_path / 'weights/a.bin'}" in result.stderr
    assert list((tmp_path / "weights").iterdir()) == []


def test_a_file_without_an_address_ends_with_the_page(only: dict[str, PublicFile], tmp_path: Path) -> None:
    only["a"] = entry()
    result = fetch("a", "--into", tmp_path)
    assert result.exit_code == 1
    assert "no address that serves it" in result.stderr


def test_offline_says_what_to_put_where_and_check_what_is_wrong(only: dict[str, PublicFile], tmp_path: Path) -> None:
    only["a"] = entry("http://nowhere.invalid/a", unpack={"in": "data/out"})
    result = fetch("a", "--offline", "--into", tmp_path)
    assert result.exit_code == 1
    for text in (
        "missing  a",
        "http://nowhere.invalid/a",
        f"put at {tmp_path}/weights/a.bin",
        "licence: MIT",
        "unpack in/",
    ):
        assert text in result.output
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/a.bin").write_bytes(b"other")
    assert "wrong    a" in fetch("a", "--check", "--into", tmp_path).output
    (tmp_path / "weights/a.bin").write_bytes(CONTENT)
    assert fetch("a", "--check", "--into", tmp_path).exit_code == 0


def test_a_folder_of_fetched_files_serves_as_a_mirror(only: dict[str, PublicFile], tmp_path: Path) -> None:
    only["a"] = entry()
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick/a.bin").write_bytes(CONTENT)
    assert fetch("a", "--into", tmp_path, "--mirror", tmp_path / "stick").exit_code == 0
    (tmp_path / "stick/a.bin").write_bytes(b"damaged")
    (tmp_path / "weights/a.bin").unlink()
    result = fetch("a", "--into", tmp_path, "--mirror", tmp_path / "stick")
    assert result.exit_code == 1
    assert "copy it into that folder again" in result.stderr


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_archives_are_unpacked_into_their_folder_only(tmp_path: Path, kind: str) -> None:
    archive = tmp_path / f"a.{kind}"
    names = ("kit/voc/x/1.txt", "kit/voc/../../evil.txt", "other.txt", "kit/voc/2.txt")
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for name in names:
                file.writestr(name, name)
    else:
        with tarfile.open(archive, "w") as tar:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = len(name)
                tar.addfile(info, io.BytesIO(name.encode()))
    assert unpack(archive, {"kit/voc": "data/voc"}, tmp_path / "root") == 2
    assert (tmp_path / "root/data/voc/x/1.txt").read_text() == names[0]
    assert not list(tmp_path.rglob("evil.txt"))
    assert unpack(archive, {"kit/voc": "data/voc"}, tmp_path / "root") == 0


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("no")
    with pytest.raises(ValueError, match="expected a tar or zip archive"):
        unpack(tmp_path / "a.tar", {"a": "b"}, tmp_path)
