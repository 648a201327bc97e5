"""Make the report of an experiment.

Inputs: the request; results of all stages.
Outputs: <results>/<experiment>/<stage>/report.html, figures.json, figures.csv.
"""

from pathlib import Path

import click

from wsss_core.report.page import build
from wsss_core.stages.command import plain_errors
from wsss_core.stages.request import Request


@click.command()
@click.option("--request", required=True, help="What to do, as JSON (see wsss_core/stages/request.py).")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), help="Folder of all results.")
@plain_errors
def main(request: str, results: Path) -> None:
    """Make the report of an experiment."""
    build(Request.from_json(request).context(results, "cpu", 1, 0))


if __name__ == "__main__":
    main()
