"""Make one part of a per-image stage (regions, cams, affinity_labels, refined_cams, seeds, instances, predictions).

Inputs: the request and part number; manifest, upstream parts and networks below the results folder.
Outputs: <results>/<experiment>/<stage>/parts/<part>.arrow and stats/<part>.json.
"""

import importlib
from dataclasses import replace
from pathlib import Path

import click

from wsss_core import registry
from wsss_core.artifacts.atomic import write_json
from wsss_core.artifacts.claim import sole_writer
from wsss_core.stages.command import plain_errors
from wsss_core.stages.device import prepare_device
from wsss_core.stages.measure import Stopwatch
from wsss_core.stages.part_files import part_path
from wsss_core.stages.per_image import run_part
from wsss_core.stages.request import Request

THREADS = 1  # fixed, so that results do not depend on the cores; parts run beside each other instead


@click.command()
@click.option("--request", required=True, help="What to do, as JSON (see wsss_core/stages/request.py).")
@click.option("--part", type=int, required=True, help="Number of the part.")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), help="Folder of all results.")
@click.option("--device", default="auto", help="auto, cpu, cuda or cuda:n.")
@plain_errors
def main(request: str, part: int, results: Path, device: str) -> None:
    """Make one part of a per-image stage."""
    watch = Stopwatch()
    asked = Request.from_json(request)
    importlib.import_module(registry.METHODS[asked.kind][asked.method].module)
    context = replace(asked.context(results, prepare_device(device, THREADS), THREADS, 0), part=part)
    output = part_path(context.folder, part)
    with sole_writer(output):
        images = run_part(context, part, output)
        write_json(context.folder / "stats" / f"{part:05d}.json", watch.stats(images, context.device))


if __name__ == "__main__":
    main()
