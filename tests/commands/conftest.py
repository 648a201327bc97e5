"""A folder of photographs with a table of tags, and an experiment on it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CONFIG = """\
experiment: pets
compute: {{device: cpu, results: "{folder}/results"}}
stages:
  data:
    method: folder
    images: "{folder}/photos"
    tags: "{folder}/tags.csv"
    val_fraction: 0.3
    part_size: 8
  regions:
    method: felzenszwalb
  coarse: {{like: regions, min_size_px: 200}}
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """`photos/` with 24 images, a cat or a dog (or both) on each, and `tags.csv`; returns their folder."""
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    lines = ["file,tags"]
    for number in range(24):
        name = f"ein Bild {number}.png"
        Image.fromarray(rng.integers(0, 255, (20, 24, 3), np.uint8)).save(tmp_path / "photos" / name)
        lines.append(f"{name},{('cat', 'dog', 'cat;dog')[number % 3]}")
    (tmp_path / "tags.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def config(photos: Path) -> Path:
    """Experiment file `pets.yaml` on those photographs."""
    path = photos / "pets.yaml"
    path.write_text(CONFIG.format(folder=photos), encoding="utf-8")
    return path
