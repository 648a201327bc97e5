"""What the number of images costs beside the work on them: `python -m benchmarks.scale 1000 10000 82783`.

Graph, manifest, the fixed cost of a job. Times are processor seconds, so that a busy machine does not count. Not one of
`make bench`: the largest takes minutes.
"""

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import yaml

from benchmarks.memory import added_peak_mb
from wsss_core.artifacts.manifest import FILE_NAME, ImageRecord, Manifest
from wsss_core.commands.snakemake_call import environment

ROOT = Path(__file__).resolve().parents[1]
SHARED_FILES = 100
SIDE_PX = 32
CLASSES = tuple(f"class {number}" for number in range(80))
PART_SIZE = 1000
TRAINING_SPLIT = "first"
"""Split of the networks, which are to be there and need not be any good."""


def make_images(folder: Path, count: int) -> None:
    """`count` tiny pictures, which are names of a hundred files, as are their true label maps; and their tags."""
    generator = np.random.default_rng(0)
    for name in ("images", "truth", "shared"):
        (folder / name).mkdir(parents=True)
    for number in range(SHARED_FILES):
        coarse_hw3 = generator.integers(0, 256, (4, 4, 3), np.uint8)
        picture = cv2.resize(coarse_hw3, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "shared" / f"{number}.images.png"), picture)
        cv2.imwrite(str(folder / "shared" / f"{number}.truth.png"), true_labels(number))
    with open(folder / "tags.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "tags", "split"])
        for number in range(count):
            shared = number % SHARED_FILES
            for name in ("images", "truth"):
                os.link(folder / "shared" / f"{shared}.{name}.png", folder / name / f"{number:06d}.png")
            tags = ";".join(CLASSES[label - 1] for label in tagged(shared))
            writer.writerow([f"{number:06d}.png", tags, ";".join(splits_of(number))])


def splits_of(number: int) -> tuple[str, ...]:
    """Every tenth picture is for validation; the networks learn from a few of the others."""
    own = "val" if number % 10 == 0 else "train"
    return (own, TRAINING_SPLIT) if number < SHARED_FILES else (own,)


def tagged(number: int) -> tuple[int, int]:
    """Label ids of the two classes of a picture."""
    return 1 + number % len(CLASSES), 1 + (number + 7) % len(CLASSES)


def true_labels(number: int) -> np.ndarray:
    """Label map uint8 (H, W) of a picture: a square of each of its classes."""
    label_HW = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    first, second = tagged(number)
    label_HW[: SIDE_PX // 2, : SIDE_PX // 2], label_HW[SIDE_PX // 2 :, SIDE_PX // 2 :] = first, second
    return label_HW


def write_config(folder: Path) -> Path:
    """The chain of a data set of COCO's kind: eight kinds of stages."""
    stages = {
        "data": {"method": "folder", "images": str(folder / "images"), "tags": str(folder / "tags.csv")},
        "classifier": {"method": "psa", "network": "small", "longer_side": [SIDE_PX, 2 * SIDE_PX], "crop": SIDE_PX},
        "cams": {"method": "multiscale", "scales": [1.0], "mirror": False},
        "affinity_labels": {"method": "crf_pair"},
        "affinity": {"method": "affinitynet", "network": "small", "crop": 3 * SIDE_PX},
        "refined_cams": {"method": "random_walk", "log2_steps": 4},
        "seeds": {"method": "argmax", "inputs": {"cams": "refined_cams"}},
        "evaluation": {"splits": ["train", "val"], "inputs": {"of": ["cams", "refined_cams", "seeds"]}},
    }
    stages["data"] |= {"part_size": PART_SIZE, "truth": str(folder / "truth"), "classes": list(CLASSES)}
    for name in ("classifier", "affinity"):
        stages[name] |= {"steps": 1, "validate_every_epochs": 0}
    for name in ("classifier", "affinity_labels", "affinity"):
        stages[name]["splits"] = [TRAINING_SPLIT]
    path = folder / "scale.yaml"
    compute = {"results": str(folder / "results"), "device": "cpu", "training_threads": 1}
    path.write_text(yaml.safe_dump({"experiment": "scale", "compute": compute, "stages": stages}, sort_keys=False))
    return path


def dry_run(config: Path) -> tuple[float, float, int]:
    """Processor seconds, peak MB and jobs of Snakemake's dry run."""
    command = [sys.executable, "-m", "snakemake", "--configfile", str(config), "--cores", "1", "--dry-run"]
    command += ["--quiet", "rules"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=ROOT, env=environment(ROOT), capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = [line.split()[1] for line in (done.stdout + done.stderr).splitlines() if line.startswith("total ")]
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used_s, after.ru_maxrss * 1024 / 1e6, int(total[0])


def records(folder: Path, count: int) -> tuple[ImageRecord, ...]:
    """Rows of the manifest, as the data stage would make them."""
    return tuple(
        ImageRecord(
            f"{number:06d}", f"{folder}/images/{number:06d}.png", SIDE_PX, SIDE_PX,
            splits_of(number), number // PART_SIZE, (1 + number % 80,),
        )
        for number in range(count)
    )  # fmt: skip


def manifest_of_part(path: Path, part: int | None) -> object:
    """The call that is measured: what a job reads."""
    return partial(Manifest.read, path, part)


def seconds(call: object) -> float:
    """Processor time of a call."""
    start = time.process_time()
    call()  # type: ignore[operator]
    return time.process_time() - start


def measure(count: int) -> str:
    """A line of the table for `count` images."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_images(folder, count)
        graph_s, graph_mb, jobs = dry_run(write_config(folder))
        manifest = Manifest(("background", *CLASSES), records(folder, count), "made up", "scale")
        path = folder / FILE_NAME
        write_s = seconds(partial(manifest.write, path))
        cells = [f"{count:,}", str(jobs), f"{graph_s:.1f}", f"{graph_mb:.0f}", f"{write_s:.2f}"]
        cells += [f"{path.stat().st_size / 1e6:.1f}"]
        for part in (None, 0):
            cells += [f"{seconds(manifest_of_part(path, part)):.2f}"]
            cells += [f"{added_peak_mb(partial(manifest_of_part, path, part)):.0f}"]
    return f"| {' | '.join(cells)} |"


HEAD = """| images | jobs | graph, s | graph, MB | manifest made, s | MB | read whole, s | MB | read by a job, s | MB |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", type=int, nargs="+")
    print(HEAD)
    for count in parser.parse_args().counts:
        print(measure(count), flush=True)


if __name__ == "__main__":
    main()
