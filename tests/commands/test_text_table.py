import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from wsss_core.commands.text_table import csv_table, markdown_table, text_table


def test_columns_are_aligned_and_numbers_to_the_right() -> None:
    table = text_table(("stage", "mIoU"), [("cams", "43.1"), ("predictions", "8.0")], right=("mIoU",))
    assert table.splitlines() == ["stage        mIoU", "-----------  ----", "cams         43.1", "predictions   8.0"]


def test_wide_letters_and_combining_marks_keep_the_columns_straight() -> None:
    lines = text_table(("tag", "n"), [("猫猫", "1"), ("a\u0308b", "2")]).splitlines()
    assert lines[2] == "猫猫  1"
    assert lines[3] == "a\u0308b    2"


def test_markdown_escapes_pipes() -> None:
    assert markdown_table(("a", "b"), [("x|y", "1")], right=("b",)).splitlines() == [
        "| a | b |",
        "| --- | ---: |",
        "| x\\|y | 1 |",
    ]


@given(st.lists(st.tuples(st.text('ab,"\n ü'), st.text('ab,"\n ü')), max_size=4))
def test_csv_reads_back(rows: list[tuple[str, str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_table(("x", "y"), rows), newline="")))
    assert [tuple(row) for row in read] == [("x", "y"), *rows]
