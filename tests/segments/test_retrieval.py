"""Nearest segments, the bank on disk, and scores of pixels from it."""

import numpy as np
import pytest
import torch

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.networks.pixel_embedding import unit
from wsss_core.segments import bank as bank_module
from wsss_core.segments.bank import Bank, BankRows, write_bank
from wsss_core.segments.retrieval import label_shares, nearest_rows
from wsss_core.segments.retrieved_scores import multiscale_shares, one_view_shares
from wsss_core.segments.segmented_image import SegmentedImage


def rows(count: int, seed: int = 0) -> torch.Tensor:
    return unit(torch.randn(count, 6, generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("pieces", [[5], [1, 4, 9000, 3], [40]])
def test_search_in_pieces_finds_the_nearest_of_all(pieces):
    table, query = rows(sum(pieces)), rows(3, 1)
    cosine, found = nearest_rows(query, table.split(pieces), 20)
    expected = (query @ table.T).topk(min(20, len(table)), dim=1)
    torch.testing.assert_close(cosine, expected.values)
    assert torch.equal(found, expected.indices)


def test_shares_count_labels_and_ties_go_to_the_lowest_class():
    shares = label_shares(torch.tensor([[2, 1, 1, 2], [0, 0, 0, 3]]), 4)
    assert shares.tolist() == [[0, 0.5, 0.5, 0], [0.75, 0, 0, 0.25]]
    assert shares.argmax(1).tolist() == [1, 0]


def bank_file(folder, labels=((0, 1, 255), (2, 254)), monkeypatch=None):
    path = folder / "bank.arrow"
    table = rows(sum(map(len, labels))).numpy()
    parts, start = [], 0
    for number, own in enumerate(labels):
        parts.append(BankRows(f"id{number}", 1.0, table[start : start + len(own)], np.array(own, np.uint8)))
        start += len(own)
    assert write_bank(path, parts) == start
    return path, table


@pytest.mark.parametrize("batch", [1, 4096])
def test_a_bank_gives_back_its_labelled_rows_in_order(tmp_path, monkeypatch, batch):
    monkeypatch.setattr(bank_module, "ROWS_PER_BATCH", batch)
    path, table = bank_file(tmp_path)
    bank = Bank(path, classes=3)
    assert bank.labels.tolist() == [0, 1, 2]
    assert np.array_equal(torch.cat(list(bank.blocks())).numpy(), table[[0, 1, 3]])


def test_banks_that_cannot_answer_are_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="no bank of segments here"):
        Bank(tmp_path / "none.arrow", 3)
    (tmp_path / "other.arrow").write_bytes(b"text")
    with pytest.raises(ArtifactError, match="expected a bank of segments"):
        Bank(tmp_path / "other.arrow", 3)
    path, _ = bank_file(tmp_path, labels=((254, 255),))
    with pytest.raises(ArtifactError, match="expected segments with a label below 3, found none"):
        Bank(path, 3)
    with pytest.raises(ValueError, match="expected at least one segment"):
        write_bank(tmp_path / "empty.arrow", [])


class Memory:
    labels = torch.tensor([0, 1])

    def blocks(self):
        return [torch.eye(2)]


def halves(picture_3HW: np.ndarray, cut_first: bool) -> SegmentedImage:
    """Dark pixels are segment 0, bright ones segment 1."""
    return SegmentedImage(torch.from_numpy((picture_3HW[0] > 0.5).astype(np.int64)), torch.eye(2))


def test_pixels_get_the_shares_of_their_segments_in_all_views():
    picture = np.zeros((3, 8, 12), np.float32)
    picture[:, :, 8:] = 1
    shares = multiscale_shares(halves, Memory(), picture, (1.0, 2.0), True, 2, neighbours=1)
    assert shares.shape == (2, 8, 12)
    np.testing.assert_allclose(shares.sum(0), 1, atol=1e-6)
    assert np.array_equal(shares.argmax(0), (picture[0] > 0).astype(int))


def test_one_view_works_at_the_longer_side():
    picture = np.zeros((3, 8, 12), np.float32)
    shares, seen = one_view_shares(halves, Memory(), picture, 6, 2, neighbours=1)
    assert shares.shape == (2, 4, 6)
    assert seen.shape == (3, 4, 6)
