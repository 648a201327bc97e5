"""Write `stage.json` of a stage whose jobs are done.

Inputs: the request; the measurements of its parts. Output: the file named by --out. Parts and figures of earlier runs
that do not belong to the stage any more are removed.
"""

import json
from pathlib import Path

import click

from wsss_core.stages.command import plain_errors
from wsss_core.stages.provenance import combine_stats, write_provenance
from wsss_core.stages.request import Request
from wsss_core.stages.stale import remove_stale_figures, remove_stale_parts
from wsss_core.stages.target_names import target_name


@click.command()
@click.option("--request", required=True, help="The stage's request, as JSON.")
@click.option("--code", default="", help="Code fingerprint.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The stage.json to write.")
@click.argument("stats", nargs=-1, type=click.Path(path_type=Path))
@plain_errors
def main(request: str, code: str, out: Path, stats: tuple[Path, ...]) -> None:
    """Write `stage.json` of a stage whose jobs are done."""
    asked = Request.from_json(request)
    if asked.kind == "evaluation":
        remove_stale_figures(out.parent, map(target_name, asked.inputs))
    elif stats:
        remove_stale_parts(out.parent, [path.stem for path in stats])
    measured = [json.loads(path.read_text(encoding="utf-8")) for path in stats]
    write_provenance(out.parent, asked, code, combine_stats(measured))


if __name__ == "__main__":
    main()
