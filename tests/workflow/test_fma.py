"""FMA-WSSS from data through report, with random networks: a tiny CLIP, MobileSAM, a tiny Mask2Former."""

from pathlib import Path

import numpy as np
import torch
from tiny_clip import write_clip
from workflow.checkout import copy_sources, run

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.artifacts.regions import RegionRow
from wsss_core.checkpoints.prompts_store import load_prompts
from wsss_core.checkpoints.store import load_network
from wsss_core.networks.mask2former import Mask2Former
from wsss_core.networks.sam.sam import build_mobile_sam
from wsss_core.report.figures import read_figures
from wsss_core.stages.per_image import rows_of

CONFIG = "config/test/tiny_fma.yaml"
SIZE_HW = (48, 64)


def write_random_sam(path: Path) -> None:
    """MobileSAM of random weights whose masks depend on the point and leave a part of the image free."""
    torch.manual_seed(1)
    network = build_mobile_sam()
    for name, value in network.mask_decoder.named_parameters():
        if name.endswith("_proj.weight"):
            value.data *= 4
    for pen in network.mask_decoder.output_hypernetworks_mlps:
        pen.layers[-1].weight.data *= 3
        pen.layers[-1].bias.data -= 0.05
    torch.save(network.state_dict(), path)


def test_the_chain_runs_from_data_through_report(tmp_path: Path) -> None:
    write_clip(copy_sources(tmp_path) / "weights" / "tiny_clip.pt")
    write_random_sam(tmp_path / "weights" / "random_mobile_sam.pt")
    run(tmp_path, config=CONFIG)
    results = tmp_path / "results" / "tiny_fma"
    tags = {record.image_id: set(record.tags) for record in Manifest.read(results / "data").select(["train"])}
    check_prompts(results)
    check_cams(results, tags)
    check_masks_and_seeds(results, tags)
    check_segmenter(results)


def check_prompts(results: Path) -> None:
    """Words for all classes together, then for each."""
    first, first_card = load_prompts(results / "prompts_tags")
    second, second_card = load_prompts(results / "prompts")
    assert first.ctx.shape == (4, 16)
    assert second.ctx.shape == (5, 4, 16)
    assert first_card.names == ("deer", "train", "car", "grass", "sky")
    assert second_card.names == ("deer", "train", "car", "", "")


def check_cams(results: Path, tags: dict[str, set[int]]) -> None:
    """Maps of the tags, with attention before the refinement."""
    for name in ("cams_tags", "cams"):
        for row in rows_of(results / name, "cams"):
            assert isinstance(row, CamRow)
            assert row.attention_NN is not None
            assert set(row.class_ids.tolist()) == tags[row.image_id]
    for row in rows_of(results / "refined_cams", "refined_cams"):
        assert isinstance(row, CamRow)
        assert row.maps[0].shape == (len(tags[row.image_id]), 3, 4)


def check_masks_and_seeds(results: Path, tags: dict[str, set[int]]) -> None:
    """Masks of several levels; seeds of the tags, which follow the masks."""
    covered, levels = {}, set()
    for row in rows_of(results / "regions", "regions"):
        assert isinstance(row, RegionRow)
        assert row.size_hw == SIZE_HW
        covered[row.image_id] = len(row.rles)
        levels |= set(row.level.tolist())
    assert set(covered) == set(tags)
    assert min(covered.values()) > 1
    assert 2 in levels
    for name in ("seeds_tags", "seeds"):
        found = set()
        for row in rows_of(results / name, "seeds"):
            assert isinstance(row, LabelRow)
            assert set(np.unique(row.label_HW).tolist()) <= tags[row.image_id] | {0}
            found |= set(np.unique(row.label_HW).tolist())
        assert len(found) > 1


def check_segmenter(results: Path) -> None:
    """A network that answers for images without tags, its figures, and the page."""
    network, card = load_network(results / "segmenter")
    assert isinstance(network, Mask2Former)
    assert card.classes == ("deer", "train", "car")
    predictions = list(rows_of(results / "predictions", "predictions"))
    assert len(predictions) == 2
    for row in predictions:
        assert isinstance(row, LabelRow)
        assert row.label_HW.shape == SIZE_HW
        assert row.label_HW.max() <= 3
    figures = read_figures(results / "evaluation")
    assert set(figures) == {"cams", "refined_cams", "seeds", "predictions"}
    assert "predictions" in (results / "report" / "report.html").read_text(encoding="utf-8")
