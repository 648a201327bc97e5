from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.affinity.precomputed import read_pair
from wsss_core.artifacts.affinity_labels import AffinityLabelRow
from wsss_core.exchange.affinity_label_rows import write_crf_pairs
from wsss_core.exchange.class_order import ClassOrder

CLASSES = ("background", "cat", "dog", "cow")
SIZE = (4, 5)


def pair_row(image_id: str, class_ids: list[int], seed: int) -> AffinityLabelRow:
    low, high = np.random.default_rng(seed).random((2, len(class_ids), *SIZE)).astype(np.float16)
    return AffinityLabelRow(image_id, np.array(class_ids, np.int32), low, high)


@given(st.sets(st.integers(1, 3)).map(lambda labels: [0, *sorted(labels)]), st.integers(0, 99))
def test_pairs_written_and_read_are_the_same_rows(tmp_path_factory, class_ids: list[int], seed: int) -> None:
    folder: Path = tmp_path_factory.mktemp("pairs")
    row = pair_row("a/b", class_ids, seed)
    assert write_crf_pairs([row], folder) == 1
    order = ClassOrder.of((), CLASSES)
    back = read_pair(folder / "la/a%2Fb.npy", folder / "ha/a%2Fb.npy", "a/b", SIZE, order)
    assert back.class_ids.tolist() == class_ids
    assert back.low_KHW.tobytes() == row.low_KHW.tobytes()
    assert back.high_KHW.tobytes() == row.high_KHW.tobytes()


def test_both_files_are_the_dictionaries_that_psa_reads(tmp_path: Path) -> None:
    rows = [pair_row("x", [0, 3], 1), pair_row("y", [0], 2)]
    assert write_crf_pairs(iter(rows), tmp_path) == 2
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.npy")) == [
        "ha/x.npy", "ha/y.npy", "la/x.npy", "la/y.npy",
    ]  # fmt: skip
    content = np.load(tmp_path / "la/x.npy", allow_pickle=True).item()
    assert list(content) == [0, 3]
    assert content[3].dtype == np.float32
    np.testing.assert_array_equal(content[3], rows[0].low_KHW[1])
