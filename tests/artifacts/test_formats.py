from pathlib import Path

import numpy as np
import pytest

from wsss_core.artifacts.affinity_labels import AffinityLabelRow, IrLabelRow
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import FORMATS, Row
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.parts import PartReader, PartWriter
from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.saliency import SaliencyRow
from wsss_core.registry import PER_IMAGE_KINDS

LABEL_HW = np.array([[0, 1, 255], [2, 2, 0]], np.uint8)
TWO_IDS = np.array([1, 3], np.int32)
CAM = CamRow("a", (2, 3), TWO_IDS, (np.ones((2, 1, 2), np.float32),), (2, 3), True)
LABELS = LabelRow("a", LABEL_HW, 255 - LABEL_HW)
PROBABILITIES = np.linspace(0, 1, 12, dtype=np.float16).reshape(2, 2, 3)
ROWS: dict[str, Row] = {
    "regions": RegionRow(
        "a",
        (2, 3),
        (b"06", b"15"),
        np.array([0, 5], np.int32),
        np.array([0, 1], np.int32),
        np.array([0.5, 1], np.float32),
        np.array([0.25, 1], np.float32),
    ),
    "saliency": SaliencyRow("a", LABEL_HW),
    "cams": CAM,
    "affinity_labels": AffinityLabelRow("a", np.array([0, 3], np.int32), PROBABILITIES, 1 - PROBABILITIES),
    "refined_cams": CAM,
    "seeds": LABELS,
    "predictions": LABELS,
    "instances": InstanceRow("a", (2, 3), TWO_IDS, np.array([0.75, 0], np.float32), (b"06", b"15")),
}


def assert_equal_rows(left: Row, right: Row) -> None:
    assert type(left) is type(right)
    for name, value in vars(left).items():
        other = getattr(right, name)
        if isinstance(value, np.ndarray):
            assert value.dtype == other.dtype, name
            np.testing.assert_array_equal(value, other)
        elif name == "maps":
            assert all(np.array_equal(one, two) for one, two in zip(value, other, strict=True))
        else:
            assert value == other, name


FORMS = [*ROWS.items(), ("affinity_labels", IrLabelRow("a", LABEL_HW))]
"""Rows of every kind, in every form that it has."""
each_form = pytest.mark.parametrize(("kind", "row"), FORMS, ids=[f"{kind} {type(row).__name__}" for kind, row in FORMS])


def test_every_per_image_kind_has_a_format() -> None:
    assert set(FORMATS) == set(PER_IMAGE_KINDS) == set(ROWS)


@each_form
def test_a_row_of_every_kind_survives_its_part(kind: str, row: Row, tmp_path: Path) -> None:
    row_format = FORMATS[kind]
    with PartWriter(tmp_path / "p.arrow", row_format.schema) as writer:
        writer.append(row_format.encode(row))
    assert_equal_rows(row_format.decode(PartReader(tmp_path / "p.arrow")["a"]), row)


@each_form
def test_records_have_exactly_the_columns_of_the_schema(kind: str, row: Row) -> None:
    assert list(FORMATS[kind].encode(row)) == FORMATS[kind].schema.names


def test_affinity_labels_of_one_form_leave_the_columns_of_the_other_empty() -> None:
    empty = [
        [name for name, value in FORMATS["affinity_labels"].encode(row).items() if value is None]
        for row in (ROWS["affinity_labels"], IrLabelRow("a", LABEL_HW))
    ]
    assert empty == [["label_png"], ["class_ids", "low", "high"]]


def test_a_label_row_without_confidence_has_none_after_reading() -> None:
    labels = FORMATS["seeds"]
    assert labels.decode(labels.encode(LabelRow("a", LABEL_HW))).confidence_HW is None


def test_an_image_without_instances_has_empty_columns() -> None:
    instances = FORMATS["instances"]
    none = InstanceRow("a", (2, 3), np.zeros(0, np.int32), np.zeros(0, np.float32), ())
    assert_equal_rows(instances.decode(instances.encode(none)), none)


def test_instances_without_their_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="image 'a': expected a class, a score and a mask per instance, found 2"):
        FORMATS["instances"].encode(InstanceRow("a", (2, 3), TWO_IDS, np.ones(1, np.float32), (b"06", b"15")))


def test_an_image_without_regions_has_empty_columns() -> None:
    regions = FORMATS["regions"]
    none = RegionRow("a", (2, 3), (), *(np.zeros(0, kind) for kind in (np.int32, np.int32, np.float32, np.float32)))
    assert_equal_rows(regions.decode(regions.encode(none)), none)
