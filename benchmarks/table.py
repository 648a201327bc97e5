"""The table of the benchmarks as text and as the page in docs."""

from collections.abc import Sequence

from benchmarks.timing import Comparison

BENCHMARKS = (
    "random_walk",
    "walk_memory",
    "boundary_walk",
    "centroids",
    "mask_refinement",
    "cam_inference",
    "eps_cams",
    "evaluation",
    "coco_bookkeeping",
    "threshold_sweep",
    "crf_labels",
    "crf_processes",
    "cam_store",
    "gradcam",
    "class_attention",
    "masks",
    "sam",
    "embedding_walk",
    "nearest_segments",
    "pixel_clusters",
    "contrast_memory",
)
"""Modules with a `run()`, in the order of the table."""

COLUMNS = ("what", "size", "baseline", "ours", "ratio", "target")

PREFACE = """# Benchmarks

`python -m benchmarks` (or `make bench`) measures this project's way of computing against a plain baseline written after
the original's way, in one run, on one thread, and checks that both give the same result (counts to the last bit,
float32 computations up to rounding, stored CAMs up to float16). Times are processor times. It fails when a target is
missed, and writes this page.

The network itself costs the same either way; what the CAM stage saves lies around it. Stored CAMs take more
processor time than pickled arrays, a millisecond per image to compress and one and a half to enlarge again, and a
twentieth of the disk and of the time that a disk or network file system needs.

The dense walk of IRN is measured on the smaller image; its time on 500x500 pixels is that, times the third power of the
ratio of the cells, and its memory one matrix of all padded cells. Our memory is the peak of what the walk allocates.
The memory of PSA's pairs and walk is by how much a fresh process grows, in either way.

SAM's masks are made with random weights and 8 x 8 points, the network included; 1000 divided by the time is images per
second on one thread. A photograph with the 12 x 12 points of `config/voc_mini_psa.yaml`: docs/fma-masks.md.

Half of the plain Grad-CAM goes into the text encoder, whose result is the same for every image.

The CRFs of both alphas go through one lattice side by side. Two processes at a time need hardly more processor time for
an image than one alone, so two cores label nearly twice as many images.

The walk over SPML's embedding takes 31 products for 64 steps. Clustering keeps, for each pixel and eight centres, a
bound above all their cosines (Ding et al., ICML 2015): of ten iterations' products a third is left, and what comes out
is what comparing everything would give, but for ties within rounding. The compiled loops need AVX2 and FMA for this
figure; on a processor without them they take three times as long.

"""


def cells(line: Comparison) -> tuple[str, ...]:
    """One row of the table."""
    target = [] if line.target is None else [f"≥ {line.target:g}"]
    if line.most is not None:
        target.append(f"ours ≤ {line.most:g} {line.unit}")
    return (
        line.name,
        line.size,
        f"{line.baseline:.4g} {line.unit}",
        f"{line.ours:.4g} {line.unit}",
        f"{line.ratio:.3g}",
        ", ".join(target),
    )


def as_text(lines: Sequence[Comparison]) -> str:
    """Aligned columns for a terminal."""
    rows = [COLUMNS, *map(cells, lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def as_page(lines: Sequence[Comparison], machine: str) -> str:
    """The page docs/benchmarks.md; `machine` says where the figures were measured."""
    rows = [COLUMNS, tuple("---" for _ in COLUMNS), *map(cells, lines)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"{PREFACE}{table}\n\nMeasured on {machine}.\n"
