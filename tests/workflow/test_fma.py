"""CLIP's part of FMA-WSSS from end to end, on a tiny CLIP."""

from pathlib import Path

import numpy as np
from tiny_clip import write_clip
from workflow.checkout import copy_sources, run

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.checkpoints.prompts_store import load_prompts
from wsss_core.stages.per_image import rows_of

CONFIG = "config/test/tiny_fma.yaml"


def test_prompts_are_learnt_twice_and_end_in_seeds(tmp_path: Path) -> None:
    write_clip(copy_sources(tmp_path) / "weights" / "tiny_clip.pt")
    run(tmp_path, config=CONFIG)
    results = tmp_path / "results" / "tiny_fma"
    tags = {record.image_id: set(record.tags) for record in Manifest.read(results / "data").select(["train"])}
    first, first_card = load_prompts(results / "prompts_tags")
    second, second_card = load_prompts(results / "prompts")
    assert first.ctx.shape == (4, 16)
    assert second.ctx.shape == (5, 4, 16)
    assert first_card.names == ("deer", "train", "car", "grass", "sky")
    assert second_card.names == ("deer", "train", "car", "", "")
    for name in ("cams_tags", "cams"):
        for row in rows_of(results / name, "cams"):
            assert isinstance(row, CamRow)
            assert row.attention_NN is not None
            assert set(row.class_ids.tolist()) == tags[row.image_id]
    for row in rows_of(results / "refined_cams", "refined_cams"):
        assert isinstance(row, CamRow)
        assert row.maps[0].shape == (len(tags[row.image_id]), 3, 4)
    for row in rows_of(results / "seeds", "seeds"):
        assert isinstance(row, LabelRow)
        assert set(np.unique(row.label_HW).tolist()) <= tags[row.image_id] | {0}
    assert (results / "evaluation" / "seeds.json").is_file()
