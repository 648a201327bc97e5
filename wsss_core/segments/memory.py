"""The segments of the last steps, which pixels of the next steps are compared with too (SPML, Ke et al., ICLR 2021).

The weights have moved on since; there is no second, slower network.
"""

from dataclasses import dataclass, fields

import torch


@dataclass(frozen=True)
class SegmentTable:
    """N segments: `prototype_ND` float32 of length 1, `label_N` int64, `tag_NC` float32 0 or 1."""

    prototype_ND: torch.Tensor
    label_N: torch.Tensor
    tag_NC: torch.Tensor

    def followed_by(self, others: "list[SegmentTable]") -> "SegmentTable":
        """This table and the others behind it: numbers of its own segments stay."""
        tables = [self, *others]
        return SegmentTable(*(torch.cat([getattr(table, item.name) for table in tables]) for item in fields(self)))

    def detached(self) -> "SegmentTable":
        """The same values without gradients."""
        return SegmentTable(*(getattr(self, item.name).detach() for item in fields(self)))


class Memory:
    """The tables of the newest `steps` steps, oldest first."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.tables: list[SegmentTable] = []

    def add(self, table: SegmentTable) -> None:
        """Keep the values of a step and forget the oldest."""
        self.tables = (
            [*self.tables, table.detached()][max(0, len(self.tables) + 1 - self.steps) :] if self.steps else []
        )

    def state(self) -> dict[str, torch.Tensor]:
        """All values by name, for a resume state."""
        return {
            f"{number}.{item.name}": getattr(table, item.name)
            for number, table in enumerate(self.tables)
            for item in fields(table)
        }

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Put back what `state` returned."""
        numbers = sorted({int(name.split(".")[0]) for name in state})
        names = [item.name for item in fields(SegmentTable)]
        self.tables = [SegmentTable(*(state[f"{number}.{name}"] for name in names)) for number in numbers]
