"""Compiled parts and their source: what is compiled from other files is refused."""

import hashlib
from pathlib import Path

import pytest

from wsss_core.compiled import remedy, require_same_source
from wsss_core.dense_crf import _mean_field
from wsss_core.segments import _spherical_kmeans

PACKAGE = Path(_mean_field.__file__).parents[1]


def cpp_files(room: str) -> list[Path]:
    return sorted([*(PACKAGE / room).glob("*.cpp"), *(PACKAGE / room).glob("*.h")])


@pytest.mark.parametrize(("room", "compiled"), [("dense_crf", _mean_field), ("segments", _spherical_kmeans)])
def test_compiled_from_other_source_is_refused(room, compiled, tmp_path: Path) -> None:
    for file in cpp_files(room):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    require_same_source(compiled.SOURCE, tmp_path, "this")
    (tmp_path / cpp_files(room)[-1].name).write_text("// edited\n")
    with pytest.raises(ImportError, match=r"expected this compiled from .* found others: run `make env`, or `python"):
        require_same_source(compiled.SOURCE, tmp_path, "this")
    assert len(compiled.SOURCE) == len(hashlib.sha256().hexdigest())


def test_a_new_header_counts(tmp_path: Path) -> None:
    (tmp_path / "a.cpp").write_text("int a;")
    require_same_source(hashlib.sha256(b"int a;").hexdigest(), tmp_path, "this")
    (tmp_path / "b.h").write_text("int b;")
    require_same_source(hashlib.sha256(b"int a;int b;").hexdigest(), tmp_path, "this")


def test_the_remedy_names_the_folder_of_setup_py() -> None:
    found = remedy(PACKAGE / "dense_crf")
    assert f"`python setup.py build_ext --inplace` in {PACKAGE.parent};" in found
    assert (PACKAGE.parent / "setup.py").is_file()
