"""Checksums of files."""

from pathlib import Path

import pytest

from wsss_core.artifacts.checksum import sha256_of


def test_the_checksum_is_the_published_one_of_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")  # test vector of FIPS 180-2
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        sha256_of(tmp_path / "nowhere")
