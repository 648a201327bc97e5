"""Train a network (classifier, affinity, segmenter).

Inputs: the request; manifest, upstream parts and networks below the results folder; pretrained weights.
Outputs: <results>/<experiment>/<stage>/model.safetensors, model.json, history.jsonl, stage.json; meanwhile resume/.
"""

import importlib
import logging
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import click

from wsss_core import registry
from wsss_core.artifacts.claim import sole_writer
from wsss_core.checkpoints.file_names import WEIGHTS_NAME
from wsss_core.stages.command import plain_errors
from wsss_core.stages.device import prepare_device
from wsss_core.stages.measure import Stopwatch
from wsss_core.stages.provenance import FILE_NAME as STAGE_FILE
from wsss_core.stages.provenance import write_provenance
from wsss_core.stages.request import Request
from wsss_core.stages.run_key import run_key
from wsss_core.training import processes


@click.command()
@click.option("--request", required=True, help="What to do, as JSON (see wsss_core/stages/request.py).")
@click.option("--code", default="", help="Code fingerprint; a resume state of other code is not continued.")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), help="Folder of all results.")
@click.option("--device", default="auto", help="auto, cpu, cuda or cuda:n.")
@click.option("--threads", type=int, default=2, help="Torch threads.")
@click.option("--workers", type=int, default=0, help="Processes that prepare samples.")
@click.option("--bookkeeping", default="{}", help="Settings that the request leaves out, as JSON.")
@plain_errors
def main(request: str, code: str, results: Path, device: str, threads: int, workers: int, bookkeeping: str) -> None:
    """Train a network."""
    watch = Stopwatch()
    asked = Request.from_json(request)
    method = importlib.import_module(registry.METHODS[asked.kind][asked.method].module)
    own_device = processes.join(prepare_device(device, threads))
    context = asked.with_settings(bookkeeping).context(results, own_device, threads, workers)
    context = replace(context, run_key=run_key(request, code, context))
    is_main = processes.rank() == 0
    with sole_writer(context.folder / WEIGHTS_NAME, context.run_key) if is_main else nullcontext() as before:
        made = before is not None and before.key == context.run_key and (context.folder / STAGE_FILE).is_file()
        if processes.any_of(made, context.device):
            logging.warning("the job that was waited for has made all of this stage; nothing is left to do")
            return
        method.train(context)
        if is_main:
            images = len(context.manifest.select(context.splits))
            write_provenance(context.folder, asked, code, watch.stats(images, context.device))
    processes.leave()


if __name__ == "__main__":
    main()
