"""`wsss view` shows the pages it was asked for, to this machine only; `wsss compare --page` makes one."""

import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_experiment import FakeExperiment

from wsss_core.cli import main
from wsss_core.commands.view import LOOPBACK, served_pages, server


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


def test_pages_are_served_by_name_and_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "a b.html").write_text("<p>report</p>")
    (tmp_path / "secret.txt").write_text("secret")
    with server({"a b.html": tmp_path / "a b.html"}, 0) as running:
        assert running.server_address[0] == LOOPBACK == "127.0.0.1"
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            address = f"http://{LOOPBACK}:{running.server_port}/"
            assert 'href="/a%20b.html"' in get(address)
            assert get(address + "a%20b.html") == "<p>report</p>"
            for name in ("secret.txt", "../secret.txt", "%2e%2e/secret.txt"):
                with pytest.raises(urllib.error.HTTPError) as error:
                    get(address + name)
                error.value.close()
        finally:
            running.shutdown()
            thread.join()


def test_reports_of_all_experiments_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/pets/report").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="expected a report"):
        served_pages(())
    (tmp_path / "results/pets/report/report.html").touch()
    assert list(served_pages(())) == ["pets/report/report.html"]


def test_a_page_compares_with_images_through_all_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blobs = FakeExperiment(tmp_path)
    for stage in ("cams", "seeds"):
        blobs.evaluate(stage)
    about = '{"kind": "evaluation", "experiment": "blobs", "stage": "evaluation", "inputs": {}}'
    (blobs.folder("evaluation") / "stage.json").write_text(about)
    result = CliRunner().invoke(main, ["compare", "blobs", "--page", "page.html", "--images", "2"])
    assert result.exit_code == 0, result.output
    text = Path("page.html").read_text()
    assert text.count('class="image"') == 2
    assert text.count('type="range"') == 2
    for name in ("image", "cams", "seeds", "predictions", "truth"):
        assert f"<figcaption>{name}</figcaption>" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
