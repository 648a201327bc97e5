"""Evaluate one stage against the ground truth.

Inputs: the request; manifest and parts of the evaluated stage below the results folder; label maps of the truth.
Outputs: <results>/<experiment>/<stage>/<target>.json and <target>.images.csv.
"""

from pathlib import Path

import click

from wsss_core.evaluation.pooled import evaluate
from wsss_core.stages.command import plain_errors
from wsss_core.stages.request import Request


@click.command()
@click.option("--request", required=True, help="What to do, as JSON (see wsss_core/stages/request.py).")
@click.option("--target", required=True, help="Name of the output files: the evaluated stage.")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), help="Folder of all results.")
@plain_errors
def main(request: str, target: str, results: Path) -> None:
    """Evaluate one stage against the ground truth."""
    evaluate(Request.from_json(request).context(results, "cpu", 1, 0), target)


if __name__ == "__main__":
    main()
