"""`wsss sanity`: whether classifier and CAMs are worth building on, in words."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.cams.coverage import coverage
from wsss_core.commands.checks.finding import Finding
from wsss_core.commands.checks.learning import TagFigures, judge
from wsss_core.commands.places import FinishedStage, finished_stages, locate
from wsss_core.label_ids import is_class
from wsss_core.settings.base import SettingsError, nearest
from wsss_core.stages.per_image import rows_of
from wsss_core.training.history import JSONL_NAME, read

CLASSIFIER, CAMS = "classifier", "cams"
LOOKED_AT = 300
"""CAMs of the first so many images are enough to judge, and take seconds."""
THRESHOLD = 0.2
"""Background score of PSA's label maps, as a share of a map's maximum."""


@click.command()
@click.argument("experiment", metavar="EXPERIMENT[/STAGE]|CONFIG")
@click.pass_context
def sanity(ctx: click.Context, experiment: str) -> None:
    """Say whether the CAMs of EXPERIMENT (or of one stage of kind cams) are worth going on with.

    Looks at the AP of each class on the images held back from the classifier, and at how much of its images each
    class's CAMs cover. The exit code is 1 when going on is pointless.
    """
    ctx.exit(1 if is_pointless(experiment) else 0)


def is_pointless(reference: str) -> bool:
    """Prints the findings about every stage of CAMs that the reference means; whether one of them ends in a fault."""
    findings: list[Finding] = []
    for stage in _cam_stages(reference):
        click.echo(f"{stage.experiment}/{stage.name}:")
        for finding in judge(tag_figures(stage)):
            click.echo("\n".join(finding.lines()))
            findings.append(finding)
    return any(finding.level == "fault" for finding in findings)


def tag_figures(stage: FinishedStage) -> Mapping[str, TagFigures]:
    """Class -> figures of a stage of CAMs and of the classifier that made them.

    Raises `SettingsError` for a stage that does not name its data.
    """
    inputs = stage.about.get("inputs")
    results = stage.folder.parent.parent
    if not isinstance(inputs, dict) or "data" not in inputs:
        raise SettingsError(f"{stage.folder}/stage.json does not say which data stage was used; run the stage again")
    manifest = Manifest.read(results / str(inputs["data"]))
    classifier = results / str(inputs[CLASSIFIER]) if CLASSIFIER in inputs else None
    ap = _last_ap(classifier)
    validated = manifest.select([_validation_split(classifier)])
    covered = _coverages(stage)
    return {
        name: TagFigures(
            ap.get(name),
            sum(label in record.tags for record in validated) / max(1, len(validated)),
            covered.get(label, ()),
        )
        for label, name in enumerate(manifest.classes)
        if is_class(label)
    }


def _cam_stages(reference: str) -> list[FinishedStage]:
    experiment, wanted = locate(reference)
    found = [stage for stage in finished_stages(experiment) if stage.kind == CAMS]
    chosen = [stage for stage in found if wanted in (None, stage.name)]
    if not chosen:
        known = [stage.name for stage in found]
        what = f"stage {wanted!r} of kind cams" if wanted else "finished stage of kind cams"
        raise SettingsError(f"{experiment} has no {what}; {nearest(str(wanted), known)}")
    return chosen


def _last_ap(classifier: Path | None) -> Mapping[str, float | None]:
    """AP per class after the last epoch that was validated; nothing for CAMs and networks from files."""
    if classifier is None or not (classifier / JSONL_NAME).is_file():
        return {}
    found = [row["val_ap"] for row in read(classifier) if isinstance(row.get("val_ap"), Mapping)]
    return found[-1] if found else {}  # type: ignore[return-value]


def _validation_split(classifier: Path | None) -> str:
    for stage in finished_stages(classifier.parent) if classifier is not None and classifier.parent.is_dir() else ():
        settings = stage.about.get("settings")
        if stage.folder == classifier and isinstance(settings, dict):
            return str(settings.get("validation_split"))
    return ""


def _coverages(stage: FinishedStage) -> dict[int, Sequence[float]]:
    found: dict[int, list[float]] = {}
    for row in _some_rows(stage):
        for label, scores_HW in zip(row.class_ids, row.scores(), strict=True):
            found.setdefault(int(label), []).append(coverage(scores_HW, THRESHOLD))
    return dict(found)


def _some_rows(stage: FinishedStage) -> Iterator[CamRow]:
    rows = (row for row in rows_of(stage.folder, CAMS) if isinstance(row, CamRow))
    return (row for _, row in zip(range(LOOKED_AT), rows, strict=False))
