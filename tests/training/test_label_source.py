"""Rows of an upstream stage by image."""

import pickle

import pytest
from training.stage_rows import write_ir_labels, write_seeds
from training.tiny_data import write_tiny_data

from wsss_core.artifacts.affinity_labels import AffinityLabelRow, IrLabelRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.training.label_source import RowSource


@pytest.fixture
def source(tmp_path):
    return RowSource(write_seeds(tmp_path / "seeds", write_tiny_data(tmp_path / "data")), "seeds", LabelRow)


def test_rows_of_every_part_are_found(source):
    assert [source[f"id{number}"].label_HW.shape for number in (0, 3, 4, 7)] == [(40, 48), (36, 36), (40, 48), (32, 32)]


def test_an_opened_source_can_be_sent_to_another_process(source):
    shape = source["id1"].label_HW.shape
    assert pickle.loads(pickle.dumps(source))["id1"].label_HW.shape == shape


def test_a_missing_image_is_named_with_the_folder_and_the_remedy(source):
    with pytest.raises(KeyError, match=r"'id9' has no row in .*seeds; make the stage cover its split"):
        source["id9"]
    with pytest.raises(ValueError, match="2 of 3 training images have no row here, first 'x'"):
        source.require(["id0", "x", "y"])
    source.require(["id0", "id7"])


def test_rows_of_another_kind_are_refused(source):
    with pytest.raises(TypeError, match="expected rows AffinityLabelRow of crf_pair, found LabelRow"):
        RowSource(source.folder, "seeds", AffinityLabelRow)["id0"]


def test_rows_of_another_method_are_refused_before_the_training_starts(tmp_path):
    folder = write_ir_labels(tmp_path / "labels", write_tiny_data(tmp_path / "data"))
    with pytest.raises(TypeError, match="labels: expected rows AffinityLabelRow of crf_pair, found IrLabelRow of ir_l"):
        RowSource(folder, "affinity_labels", AffinityLabelRow).require(["id0", "id1"])
    RowSource(folder, "affinity_labels", IrLabelRow).require(["id0", "id1"])
