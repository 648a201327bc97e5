import numpy as np
import pytest

from wsss_core.cams.coverage import coverage


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([[0, 1], [0.1, 0.5]], 0.5), ([[0, 0]], 0), ([[1, 1]], 1), ([[-1, -2]], 0), ([[0, 40]], 0.5)],
)
def test_coverage_is_the_share_above_a_part_of_the_maximum(scores: list[list[float]], expected: float) -> None:
    assert coverage(np.array(scores, np.float32), 0.2) == expected
