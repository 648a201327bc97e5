"""The CSV of tags: forgiving about spaces, strict about everything that could be misread."""

from pathlib import Path

import pytest

from wsss_core.data.faults import DataError
from wsss_core.data.tag_table import read_tag_table


def table(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "tags.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_spaces_empty_and_repeated_tags_are_dropped(tmp_path: Path) -> None:
    (entry,) = read_tag_table(table(tmp_path, "file,tags\n a.jpg , cat ;; dog;cat \n"), tmp_path)
    assert (entry.file, entry.tags, entry.splits) == ("a.jpg", ("cat", "dog"), ())
    assert entry.where.endswith("tags.csv, line 2")


def test_a_file_that_is_called_so_keeps_the_spaces_around_its_name(tmp_path: Path) -> None:
    for name in (" a.jpg", "b.jpg ", "c.jpg"):
        (tmp_path / name).touch()
    rows = '" a.jpg",cat\n"b.jpg ",cat\n"c.jpg ",cat\n" d.jpg",cat\n'
    entries = read_tag_table(table(tmp_path, f"file,tags\n{rows}"), tmp_path)
    assert [entry.file for entry in entries] == [" a.jpg", "b.jpg ", "c.jpg", "d.jpg"]


def test_spreadsheet_files_with_mark_windows_ends_and_more_columns_are_read(tmp_path: Path) -> None:
    text = '\ufefftags,photographer,file\r\ncat,"Lee, Ann","a, b.jpg"\r\n,,c.jpg\r\n'
    first, second = read_tag_table(table(tmp_path, text), tmp_path)
    assert (first.file, first.tags) == ("a, b.jpg", ("cat",))
    assert (second.file, second.tags) == ("c.jpg", ())


def test_folders_inside_are_allowed(tmp_path: Path) -> None:
    (entry,) = read_tag_table(table(tmp_path, "file,tags\n./sub//a..b.jpg,cat\n"), tmp_path)
    assert entry.file == "sub/a..b.jpg"


@pytest.mark.parametrize("file", ["../a.jpg", "sub/../../a.jpg", "/etc/passwd"])
def test_paths_that_leave_the_folder_are_refused(tmp_path: Path, file: str) -> None:
    with pytest.raises(DataError, match=r"line 2: expected a path inside the image folder"):
        read_tag_table(table(tmp_path, f"file,tags\n{file},cat\n"), tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "columns file,tags in the first line, found nothing"),
        ("a.jpg,cat\nb.jpg,dog\n", "found a.jpg,cat"),
        ("photo,label\na.jpg,cat\n", "found photo,label"),
        ("file,tags\na.jpg,cat,dog\n", "line 2: expected one cell per column.*separate tags by `;`"),
        ("file,tags\n,cat\n", "found an empty cell"),
        ('file,tags\n"a.jpg,cat\n', "broken line"),
        (b"file,tags\ngr\xf6sse.jpg,cat\n", "UTF-8"),
    ],
)
def test_faulty_tables_are_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_tag_table(table(tmp_path, text), tmp_path)


def test_missing_table_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="correct the setting `tags`"):
        read_tag_table(tmp_path / "none.csv", tmp_path)


def test_one_column_of_yes_and_no_per_class_is_read(tmp_path: Path) -> None:
    text = "image,cat,dog,split\na.jpg,1,0,val\nb.jpg,True,1.0,\nc.jpg,,0,\n"
    entries = read_tag_table(table(tmp_path, text), tmp_path)
    assert [entry.tags for entry in entries] == [("cat",), ("cat", "dog"), ()]
    assert entries[0].splits == ("val",)


def test_a_column_that_is_no_class_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 2: .*no column `tags`.*in 'width', found '640'"):
        read_tag_table(table(tmp_path, "file,cat,width\na.jpg,1,640\n"), tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "file;tags\na.jpg;cat\nb.jpg;cat, dog\nc.jpg;\n",
        'file;tags\na.jpg;cat\nb.jpg;"cat;dog"\nc.jpg;\n',
        "file\ttags\na.jpg\tcat\nb.jpg\tcat;dog\nc.jpg\t\n",
    ],
)
def test_semicolons_and_tabs_may_part_the_columns(tmp_path: Path, text: str) -> None:
    (tmp_path / "tags.csv").write_text(text)
    entries = read_tag_table(tmp_path / "tags.csv", tmp_path)
    assert [(entry.file, entry.tags) for entry in entries] == [
        ("a.jpg", ("cat",)),
        ("b.jpg", ("cat", "dog")),
        ("c.jpg", ()),
    ]


def test_where_semicolons_part_the_columns_commas_part_splits_too(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text("file;tags;split\na.jpg;cat,dog;train,first\n")
    [entry] = read_tag_table(path, tmp_path)
    assert (entry.tags, entry.splits) == (("cat", "dog"), ("train", "first"))


def test_a_column_of_a_class_may_have_commas_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text('file,"cat, dog",cat,dog\na.jpg,1,0,1\nb.jpg,0,1,0\n')
    assert [entry.tags for entry in read_tag_table(path, tmp_path)] == [("cat, dog", "dog"), ("cat",)]


def test_tags_that_commas_part_are_refused_and_names_with_commas_are_not(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text('file,tags\na.jpg,"bow tie, bow-tie"\nb.jpg,cat\n')
    assert read_tag_table(path, tmp_path)[0].tags == ("bow tie, bow-tie",)
    path.write_text('file,tags\na.jpg,"cat, dog"\nb.jpg,cat\nc.jpg,dog\n')
    with pytest.raises(DataError, match=r"line 2: expected tags separated by `;`, found 'cat, dog'.*write 'cat;dog'"):
        read_tag_table(path, tmp_path)


@pytest.mark.parametrize("sign", ["|", "/", " + ", " & "])
def test_tags_that_other_signs_part_are_refused_like_commas(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "tags.csv"
    path.write_text(f"file,tags\na.jpg,cat{sign}dog\nb.jpg,cat\nc.jpg,dog\n")
    with pytest.raises(DataError, match=r"line 2: expected tags separated by `;`.*write 'cat;dog'"):
        read_tag_table(path, tmp_path)
    path.write_text(f"file,tags\na.jpg,cat{sign}dog\nb.jpg,cat\n")
    assert len(read_tag_table(path, tmp_path)[0].tags or ()) == 1


def test_a_spreadsheet_is_told_from_a_table(tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_bytes(b"PK\x03\x04" + bytes(range(256)))
    with pytest.raises(DataError, match=r"found a spreadsheet or an archive. To do: save it as `CSV UTF-8`"):
        read_tag_table(tmp_path / "tags.csv", tmp_path)
