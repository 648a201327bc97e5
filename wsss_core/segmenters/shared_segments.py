"""Segments of all processes of a training: as published, pixels are compared with those of every card's images."""

import torch

from wsss_core.segments.memory import SegmentTable
from wsss_core.training import processes
from wsss_core.training.gathered_rows import gathered_rows


def shared_segments(own: SegmentTable) -> tuple[list[SegmentTable], SegmentTable]:
    """The tables of the other processes, and that of all in the same order everywhere.

    Gradients go back through them to the process that a segment is from. Alone: no others, and `own`.
    """
    if processes.size() == 1:
        return [], own
    # Labels and tags are small whole numbers, exact in float32: one exchange carries all three.
    row_NE = torch.cat([own.prototype_ND, own.label_N[:, None].float(), own.tag_NC.float()], dim=1)
    channels = own.prototype_ND.shape[1]
    tables = [
        SegmentTable(rows[:, :channels], rows[:, channels].detach().long(), rows[:, channels + 1 :].detach())
        for rows in gathered_rows(row_NE)
    ]
    others = [table for rank, table in enumerate(tables) if rank != processes.rank()]
    return others, tables[0].followed_by(tables[1:])
