"""Images above `max_pixels`: the walks run on a smaller copy and their results span the image."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wsss_core.affinity import boundary_walk, random_walk
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams import multiscale
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.instances import boundary_walk as instance_walk
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.settings.base import Settings
from wsss_core.settings.cams import MultiscaleCamsSettings
from wsss_core.settings.instances import BoundaryInstancesSettings
from wsss_core.settings.refined_cams import BoundaryWalkSettings, RandomWalkSettings
from wsss_core.stages.context import StageContext

ROLES = {"classifier": None, "affinitynet": "affinitynet", "irnet": "irnet"}
MEMORY_GB = 3.0


def save_networks(folder: Path, backbone: str) -> None:
    for name, architecture in ROLES.items():
        torch.manual_seed(0)
        role, classes = ("affinity", ()) if architecture else ("classifier", ("a", "b"))
        card = NetworkCard(role, backbone, classes, IMAGENET_RGB, architecture)  # type: ignore[arg-type]
        save_network(folder / name, card, card.build().state_dict())


def smooth_record(folder: Path, height: int, width: int) -> ImageRecord:
    small = np.random.default_rng(0).integers(0, 256, (9, 13, 3)).astype(np.uint8)
    Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(folder / "a.png", compress_level=1)
    return ImageRecord("a", str(folder / "a.png"), height, width, ("train",), 0, tags=(1, 2))


def rows_of(folder: Path, record: ImageRecord, **limit: int) -> tuple[CamRow, ...]:
    """CAMs, PSA's and IRN's refined CAMs of one image; its instances are made, too."""

    def context(kind: str, settings: Settings, **inputs: str) -> StageContext:
        paths = {slot: folder / name for slot, name in inputs.items()}
        return StageContext("e", "s", kind, "m", settings, paths, folder, ("train",))

    cams_settings = MultiscaleCamsSettings.parse({**limit}, "cams")
    walk = RandomWalkSettings.parse({"log2_steps": 2, **limit}, "walk")
    within = BoundaryWalkSettings.parse({"log2_steps": 2, "canvas": 16, **limit}, "walk")
    objects = BoundaryInstancesSettings.parse({"log2_steps": 2, "canvas": 16, **limit}, "walk")
    cams = multiscale.processor(context("cams", cams_settings, classifier="classifier"))(record, {})
    psa = random_walk.processor(context("refined_cams", walk, affinity="affinitynet"))(record, {"cams": cams})
    irn = boundary_walk.processor(context("refined_cams", within, affinity="irnet"))(record, {"cams": cams})
    instance_walk.processor(context("instances", objects, affinity="irnet"))(record, {"cams": cams})
    assert isinstance(cams, CamRow)
    assert isinstance(psa, CamRow)
    assert isinstance(irn, CamRow)
    return cams, psa, irn


def test_results_of_a_smaller_copy_lie_where_those_of_the_image_lie(tmp_path: Path) -> None:
    save_networks(tmp_path, "small")
    record = smooth_record(tmp_path, 96, 144)
    whole, bounded = rows_of(tmp_path, record), rows_of(tmp_path, record, max_pixels=48 * 72)
    for full, less in zip(whole, bounded, strict=True):
        assert full.class_ids.tolist() == less.class_ids.tolist()
        assert less.scores().shape == full.scores().shape == (len(full.class_ids), 96, 144)
        assert less.maps[0][0].size < full.maps[0][0].size
        left, right = (row.scores().reshape(len(row.class_ids), -1) for row in (full, less))
        agreement = [np.corrcoef(a, b)[0, 1] for a, b in zip(left, right, strict=True) if a.std() > 0 and b.std() > 0]
        assert min(agreement) > 0.5


def test_small_images_are_not_touched_by_the_limit(tmp_path: Path) -> None:
    save_networks(tmp_path, "small")
    record = smooth_record(tmp_path, 33, 47)
    for free, limited in zip(rows_of(tmp_path, record), rows_of(tmp_path, record, max_pixels=33 * 47 * 4), strict=True):
        np.testing.assert_array_equal(free.scores(), limited.scores())


@pytest.mark.slow
def test_24_megapixels_take_bounded_memory(tmp_path: Path) -> None:
    """In a process of its own, whose peak is that of these stages alone."""
    code = (
        "import resource, json, pathlib, runpy, sys\n"
        "from pathlib import Path\n"
        f"tests = runpy.run_path({__file__!r})\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "tests['save_networks'](folder, 'small')\n"
        "rows = tests['rows_of'](folder, tests['smooth_record'](folder, 4000, 6000))\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(json.dumps([peak, [list(row.size_hw) for row in rows]]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=900)
    peak_kb, sizes = json.loads(done.stdout.splitlines()[-1])
    assert sizes == [[4000, 6000]] * 3
    assert peak_kb / 1e6 < MEMORY_GB
