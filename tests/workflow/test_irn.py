"""The chain of IRN from end to end."""

from pathlib import Path

import numpy as np
from workflow.checkout import copy_sources, run

from wsss_core.artifacts.affinity_labels import IrLabelRow
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.checkpoints.store import load_network
from wsss_core.networks.irnet import IRNet
from wsss_core.report.figures import read_figures
from wsss_core.stages.per_image import rows_of

CONFIG = "config/test/tiny_irn.yaml"


def test_irn_runs_from_pictures_to_seeds_and_instances(tmp_path: Path) -> None:
    run(copy_sources(tmp_path), config=CONFIG)
    results = tmp_path / "results" / "tiny_irn"
    manifest = Manifest.read(results / "data")
    allowed = {record.image_id: {0, 255, *record.tags} for record in manifest.select(["train"])}
    labels = {row.image_id: row for row in rows_of(results / "affinity_labels", "affinity_labels")}
    walked = {row.image_id: row for row in rows_of(results / "refined_cams", "refined_cams")}
    seeds = {row.image_id: row for row in rows_of(results / "seeds", "seeds")}
    assert set(labels) == set(walked) == set(seeds) == set(allowed)
    for image_id, label in labels.items():
        assert isinstance(label, IrLabelRow)
        assert set(np.unique(label.label_HW)) <= allowed[image_id]
        cams, seed = walked[image_id], seeds[image_id]
        assert isinstance(cams, CamRow)
        assert isinstance(seed, LabelRow)
        assert set(np.unique(seed.label_HW)) <= allowed[image_id] - {255}
        assert (seed.label_HW == 0).tolist() == (cams.scores().max(axis=0) <= np.float32(0.25)).tolist()
    figures = read_figures(results / "evaluation")["instances"].splits["train"]
    assert figures.ap50 is not None
    for row in rows_of(results / "instances", "instances"):
        assert isinstance(row, InstanceRow)
        assert set(row.class_ids) <= allowed[row.image_id]
    network, card = load_network(results / "affinity")
    assert isinstance(network, IRNet)
    assert card.trained_on["images"] == 4
    assert network.mean_shift.running_mean.abs().max() > 0
