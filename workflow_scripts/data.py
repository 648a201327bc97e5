"""Make the manifest of a data set.

Inputs: the request; what the data method reads (image folders, lists, tags).
Outputs: <results>/<experiment>/<stage>/manifest.arrow and stage.json.
"""

import importlib
from pathlib import Path

import click

from wsss_core import registry
from wsss_core.artifacts.claim import sole_writer
from wsss_core.artifacts.manifest import FILE_NAME
from wsss_core.stages.command import plain_errors
from wsss_core.stages.measure import Stopwatch
from wsss_core.stages.provenance import write_provenance
from wsss_core.stages.request import Request


@click.command()
@click.option("--request", required=True, help="What to do, as JSON (see wsss_core/stages/request.py).")
@click.option("--code", default="", help="Code fingerprint, for the provenance.")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), help="Folder of all results.")
@plain_errors
def main(request: str, code: str, results: Path) -> None:
    """Make the manifest of a data set."""
    watch = Stopwatch()
    asked = Request.from_json(request)
    context = asked.context(results, "cpu", 1, 0)
    method = importlib.import_module(registry.METHODS["data"][asked.method].module)
    with sole_writer(context.folder / FILE_NAME):
        manifest = method.build(context.settings, method.list_images(context.settings), context.folder)
        manifest.write(context.folder / FILE_NAME)
        write_provenance(context.folder, asked, code, watch.stats(len(manifest.records), "cpu"))


if __name__ == "__main__":
    main()
