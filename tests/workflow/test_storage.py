"""Results of an experiment in an object store and back: a server of S3 in this process, Snakemake's plugin, Arrow."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from workflow.checkout import TIMEOUT_S, copy_sources, environment, planned, run

from wsss_core.artifacts.object_store import open_store
from wsss_core.artifacts.parts import PartReader
from wsss_core.artifacts.regions import decode
from wsss_core.stages.per_image import rows_of

NEEDED = ("moto", "flask", "snakemake_storage_plugin_s3")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"without {', '.join(MISSING)} (see docs/scale.md)"),
]

STORE = "s3://masks/results"
CONFIG = "config/test/tiny.yaml"
STAGES = ("data", "regions")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty bucket on a server of this machine, named by the environment."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host.replace('0.0.0.0', '127.0.0.1')}:{port}"
    for key, value in {"ENDPOINT_URL": endpoint, "ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret"}.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="masks")
    yield
    server.stop()


def copy(folder: Path, way: str, *config: str) -> str:
    """Run `storage/<way>.smk` in a checkout; what it says."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", f"storage/{way}.smk", "--cores", "1"]
    done = subprocess.run(
        [*command, "--config", f"store={STORE}", *config],
        cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_results_go_to_a_store_are_read_there_and_come_back(tmp_path: Path, bucket: None) -> None:
    targets = [f"results/tiny/{stage}/stage.json" for stage in STAGES]
    here = copy_sources(tmp_path / "here")
    run(here, *targets)
    copy(here, "publish", "experiment=tiny")
    assert "Nothing to be done" in copy(here, "publish", "experiment=tiny")

    storage, root = open_store(STORE)
    parts = [PartReader(f"{root}/tiny/regions/parts/{part:05d}.arrow", storage) for part in (0, 1)]
    found = [decode(record).rles for part in parts for record in part]
    assert found == [row.rles for row in rows_of(here / "results/tiny/regions", "regions")]  # type: ignore[union-attr]

    there = copy_sources(tmp_path / "there")
    copy(there, "fetch", "stages=" + ",".join(f"tiny/{stage}" for stage in STAGES))
    for path in (here / "results").rglob("*.arrow"):
        assert (there / path.relative_to(here)).read_bytes() == path.read_bytes()
    run(there, "--touch", *targets)
    left = planned(there)
    assert not left & set(STAGES)
    assert {"classifier", "seeds", "report"} <= left
