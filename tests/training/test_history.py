"""History rows as JSON lines and CSV."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.training.history import RunningMeans, flatten, from_jsonl, publish, read, to_csv, to_jsonl

ROWS = [
    {"kind": "step", "step": 2, "loss": 0.5},
    {"kind": "epoch", "step": 3, "loss": 0.25, "val_ap": {"cat": 1.0, "Hündchen": None}},
]


def test_json_lines_return_what_was_written():
    assert from_jsonl(to_jsonl(ROWS)) == ROWS


def test_csv_has_a_column_per_class_and_empty_cells_where_nothing_was_measured():
    assert to_csv(ROWS).splitlines() == [
        "kind,step,loss,val_ap.cat,val_ap.Hündchen",
        "step,2,0.5,,",
        "epoch,3,0.25,1.0,",
    ]


def test_nan_is_never_written():
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_jsonl([{"loss": float("nan")}])


def test_published_files_are_read_back(tmp_path):
    publish(ROWS, tmp_path)
    assert read(tmp_path) == ROWS
    with pytest.raises(FileNotFoundError, match="run the training stage first"):
        read(tmp_path / "nothing")


def test_flat_rows_keep_plain_values():
    assert flatten(ROWS[1])["val_ap.cat"] == 1.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.integers(0, 10))
def test_means_survive_a_break_at_any_place(values, place):
    unbroken, first = RunningMeans(), RunningMeans()
    for value in values:
        unbroken.add({"loss": value})
    for value in values[:place]:
        first.add({"loss": value})
    second = RunningMeans(first.state)
    for value in values[place:]:
        second.add({"loss": value})
    assert second.take() == unbroken.take()
    assert second.take() == {}
