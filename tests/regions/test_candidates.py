import torch

from wsss_core.regions.candidates import Candidates, joined


def candidates(count: int, side: int, crop: int) -> Candidates:
    numbers = torch.arange(count)
    return Candidates(
        torch.ones(count, side, side + 1),
        numbers / 10,
        numbers / 20,
        numbers % 3,
        numbers[:, None].expand(-1, 4).float(),
        numbers[:, None].expand(-1, 2).double(),
        torch.full((count,), crop),
    )


def test_selection_keeps_the_columns_together():
    chosen = candidates(5, 2, 0).select(torch.tensor([3, 1]))
    assert len(chosen) == 2
    assert chosen.level_R.tolist() == [0, 1]
    assert chosen.box_R4[:, 0].tolist() == [3, 1]
    assert candidates(5, 2, 0).select(torch.zeros(5, dtype=torch.bool)).logits_Rhw.shape == (0, 2, 3)


def test_sets_of_different_grids_are_joined_with_padding_at_the_right_and_bottom():
    both = joined([candidates(2, 2, 0), candidates(1, 4, 1)])
    assert both.logits_Rhw.shape == (3, 4, 5)
    assert both.logits_Rhw[0].sum() == both.logits_Rhw[0, :2, :3].sum() == 6
    assert both.crop_R.tolist() == [0, 0, 1]
