from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow.fs import FSSpecHandler, LocalFileSystem, PyFileSystem, SubTreeFileSystem

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.artifacts.parts import PartReader, PartWriter

SCHEMA = pa.schema([("image_id", pa.string()), ("data", pa.binary()), ("numbers", pa.list_(pa.int32()))])


def record(image_id: str, data: bytes = b"abc", numbers: tuple[int, ...] = (1, 2)) -> dict[str, object]:
    return {"image_id": image_id, "data": data, "numbers": list(numbers)}


def write(path: Path, *records: dict[str, object]) -> Path:
    with PartWriter(path, SCHEMA) as writer:
        for item in records:
            writer.append(item)
    return path


IDS = st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=5)


@given(ids=IDS, data=st.binary(max_size=300), numbers=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=4))
def test_what_is_written_is_read_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], data: bytes, numbers: list[int]
) -> None:
    records = [record(image_id, data, tuple(numbers)) for image_id in ids]
    part = PartReader(write(tmp_path_factory.mktemp("part") / "00000.arrow", *records))
    assert part.ids() == tuple(ids)
    assert list(part) == records
    assert len(part) == len(ids)
    assert part.schema == SCHEMA


def test_one_image_is_read_by_its_id(tmp_path: Path) -> None:
    part = PartReader(write(tmp_path / "p.arrow", record("a", b"1"), record("ü 'quoted'", b"2")))
    assert part["ü 'quoted'"]["data"] == b"2"
    assert "a" in part
    assert "b" not in part


def test_two_writings_of_equal_rows_have_equal_bytes(tmp_path: Path) -> None:
    rows = [record(str(number), bytes(1000)) for number in range(3)]
    first, second = write(tmp_path / "a.arrow", *rows), write(tmp_path / "other" / "b.arrow", *rows)
    assert first.read_bytes() == second.read_bytes()


def test_a_part_without_rows_is_a_part(tmp_path: Path) -> None:
    part = PartReader(write(tmp_path / "p.arrow"))
    assert part.ids() == ()
    assert list(part) == []


def test_an_image_id_written_twice_is_refused_and_nothing_is_published(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"p\.arrow: image id 'a' was written twice"):
        write(tmp_path / "p.arrow", record("a"), record("a"))
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_writing_keeps_the_old_part(tmp_path: Path) -> None:
    path = write(tmp_path / "p.arrow", record("old"))
    before = path.read_bytes()
    with pytest.raises(KeyError), PartWriter(path, SCHEMA) as writer:
        writer.append({"no": "id"})
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["p.arrow"]


def test_a_record_of_other_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
        write(tmp_path / "p.arrow", {**record("a"), "numbers": "no list"})
    assert list(tmp_path.iterdir()) == []


def test_the_image_id_must_be_the_first_column(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="first column of a part must be 'image_id', found 'data'"):
        PartWriter(tmp_path / "p.arrow", pa.schema([("data", pa.binary()), ("image_id", pa.string())]))


def test_a_missing_part_says_which_stage_to_run(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run the stage that makes it first"):
        PartReader(tmp_path / "none.arrow")


def test_a_missing_image_names_the_part_and_its_size(tmp_path: Path) -> None:
    part = PartReader(write(tmp_path / "p.arrow", record("a")))
    with pytest.raises(KeyError, match=r"image 'b' is not in part .*p\.arrow, which holds 1 images"):
        part["b"]


@pytest.mark.parametrize("damage", ["empty", "no Arrow file", "cut off"])
def test_a_broken_part_says_how_to_mend_it(tmp_path: Path, damage: str) -> None:
    path = write(tmp_path / "p.arrow", *(record(str(number), bytes(500)) for number in range(3)))
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "no Arrow file": b"x" * 400, "cut off": whole[: len(whole) // 2]}[damage])
    with pytest.raises(ArtifactError, match=r"is not a readable part .* delete it and run the stage again"):
        PartReader(path)


def test_a_part_in_another_storage_is_read_image_by_image(tmp_path):
    schema = pa.schema([("image_id", pa.string()), ("values", pa.list_(pa.int32()))])
    with PartWriter(tmp_path / "bucket/exp/seeds/parts/00000.arrow", schema) as writer:
        for number in range(5):
            writer.append({"image_id": str(number), "values": [number] * 1000})
    storage = SubTreeFileSystem(str(tmp_path / "bucket"), LocalFileSystem())  # stands for a bucket of an object store
    reader = PartReader("exp/seeds/parts/00000.arrow", storage)
    assert reader.ids() == ("0", "1", "2", "3", "4")
    assert reader["3"]["values"] == [3] * 1000
    with pytest.raises(FileNotFoundError, match=r"00001\.arrow does not exist"):
        PartReader("exp/seeds/parts/00001.arrow", storage)


def test_a_part_behind_an_fsspec_storage_is_read_too(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    with PartWriter(tmp_path / "a.arrow", pa.schema([("image_id", pa.string())])) as writer:
        writer.append({"image_id": "x"})
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/a.arrow", (tmp_path / "a.arrow").read_bytes())
    assert PartReader("bucket/a.arrow", PyFileSystem(FSSpecHandler(memory))).ids() == ("x",)
