"""Figures of one stage against the ground truth, pooled over the pixels of each split as PASCAL VOC does.

Label maps are counted as they are. Regions are counted by the best label map that they allow. Instances are painted
into a label map, and their AP is reported besides. CAMs become label maps at a background threshold that is fixed in
the settings or is the best one on one named split; every split is reported at this threshold, so that nothing is chosen
on the split that is reported. One image is in memory at a time.
"""

import csv
import io
from collections.abc import Mapping, Sequence

from wsss_core.artifacts.atomic import write_json, write_text
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.cams.foreground import has_own_background
from wsss_core.data.protocols import PROTOCOLS, check_protocol, tags_as_input_note
from wsss_core.evaluation.boundary_iou import boundary_counts
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.curves import Choice, CurveTally, choose_threshold, curve_figures, threshold_list
from wsss_core.evaluation.examples import examples, ids_with_truth, misfit
from wsss_core.evaluation.instance_tally import instance_tallies
from wsss_core.evaluation.instance_weighted_iou import instance_numbers
from wsss_core.evaluation.labelling import label_of
from wsss_core.evaluation.tally import Tally, figures_of, number
from wsss_core.evaluation.target import CAM_KINDS, INSTANCE_KIND, EvaluationTarget, read_target
from wsss_core.evaluation.threshold_curve import present_counts
from wsss_core.progress import stage_job
from wsss_core.settings.base import SettingsError, nearest
from wsss_core.settings.evaluation import PooledSettings
from wsss_core.stages.context import StageContext

NO_CURVE: Mapping[str, object] = {"threshold": None, "best_threshold": None, "best_miou": None, "curve": None}


def evaluate(context: StageContext, target: str) -> None:
    """Evaluate the stage in `context.inputs["of"]`; write `<target>.json` and `<target>.images.csv`, each atomically.

    All figures are shares in 0..1. Equal inputs give equal bytes. Raises `SettingsError` for unknown class names,
    splits and protocols, `ArtifactError` naming image and truth when a result does not fit its truth.
    """
    settings = context.typed_settings(PooledSettings)
    document, tallies = figures_of_stage(
        context.manifest,
        read_target(context.inputs["of"], context.experiment),
        context.splits,
        settings,
        f"{stage_job(context.folder)}/{target}",
    )
    write_text(context.folder / f"{target}.images.csv", image_table(tallies))
    write_json(context.folder / f"{target}.json", document)


def figures_of_stage(
    manifest: Manifest, target: EvaluationTarget, wanted: Sequence[str], settings: PooledSettings, job: str
) -> tuple[dict[str, object], dict[str, Tally]]:
    """The document that is written as JSON, and the sums per split.

    `wanted`: splits to evaluate; those that the target does not cover or that have no truth are left out. `job`: name
    in the progress display.
    """
    _check_names(manifest, settings)
    subset = [manifest.classes.index(name) for name in settings.class_subset]
    splits = [split for split in wanted if split in target.splits and ids_with_truth(manifest, split)]
    choice: Choice | None = None
    curves: dict[str, CurveTally] = {}
    if target.kind in CAM_KINDS:
        curves, own_background = _curves(manifest, target, splits, settings, job)
        choice = choose_threshold(curves, settings, own_background)
    tallies = _tallies(manifest, target, splits, settings, curves, choice, job)
    figures = {}
    for split in splits:
        on_curve = curve_figures(curves[split], settings, choice) if choice else NO_CURVE
        count = len(manifest.select([split]))
        figures[split] = figures_of(tallies[split], manifest.classes, subset) | dict(on_curve)
        figures[split]["without_truth"] = count - len(tallies[split].image_miou)
    notes = [] if splits else ["no image of its splits has ground truth"]
    instances = instance_tallies(manifest, target, splits, job) if target.kind == INSTANCE_KIND else {}
    for split, tally in instances.items():
        figures[split] |= tally.figures(manifest.classes)
        notes += [] if tally.images else [f"there is no AP on {split}: no image of it has true instances"]
    warnings = [tags_as_input_note(target.name, split, target.trained_on, target.uses_tags) for split in splits]
    document: dict[str, object] = {
        "stage": target.name,
        "kind": target.kind,
        "method": target.method,
        "classes": list(manifest.classes),
        "class_subset": list(settings.class_subset),
        "splits": figures,
        "split_order": splits,
        "protocol": _protocols(manifest, splits, settings),
        "tags_used_as_input": target.uses_tags,
        "trained_on": sorted(target.trained_on),
        "threshold_chosen_on": choice.chosen_on if choice else None,
        "notes": [*notes, *(choice.notes if choice and splits else ())],
        "warnings": [text for text in warnings if text is not None],
    }
    return document, tallies


def image_table(tallies: Mapping[str, Tally]) -> str:
    """CSV text with the columns image_id, split, miou (0..1, empty when the truth of the image is 255 throughout).

    Where IoU was weighted by instances, one more column, iou_by_instance, has that of each image (empty: it has none).
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    weighted = any(tally.by_instance is not None for tally in tallies.values())
    writer.writerow(("image_id", "split", "miou", *(["iou_by_instance"] if weighted else [])))
    for split, tally in tallies.items():
        for image_id, miou in sorted(tally.image_miou.items()):
            values = [miou, *([tally.image_by_instance.get(image_id)] if weighted else [])]
            rounded = [number(value) for value in values]
            writer.writerow((image_id, split, *("" if value is None else value for value in rounded)))
    return text.getvalue()


def _check_names(manifest: Manifest, settings: PooledSettings) -> None:
    known_splits = list(dict.fromkeys(split for record in manifest.records for split in record.splits))
    checks = (
        ("class_subset", settings.class_subset, list(manifest.classes), "class"),
        ("protocol", settings.protocol, known_splits, "split"),
        ("protocol", settings.protocol.values(), list(PROTOCOLS), "protocol"),
    )
    for key, names, known, what in checks:
        for name in names:
            if name not in known:
                raise SettingsError(f"evaluation, key {key!r}: there is no {what} {name!r}; {nearest(name, known)}")


def _curves(
    manifest: Manifest, target: EvaluationTarget, splits: Sequence[str], settings: PooledSettings, job: str
) -> tuple[dict[str, CurveTally], bool]:
    """Counts of all thresholds per split, in one pass; and whether the background has a channel of its own."""
    thresholds, class_count = threshold_list(settings), len(manifest.classes)
    curves = {split: CurveTally.empty(len(thresholds), class_count) for split in splits}
    own_background = False
    for example in examples(target, manifest, splits, job):
        row = example.row
        if not isinstance(row, CamRow):
            raise TypeError(f"stage {target.name!r}: expected CamRow, found {type(row).__name__}")
        own_background = own_background or has_own_background(row.class_ids)
        try:
            ids, counts = present_counts(row.scores(), row.class_ids, example.truth_HW, thresholds, class_count)
        except ValueError as error:
            raise misfit(target, example, error) from error
        for split in example.splits:
            curves[split].add(row.image_id, ids, counts)
    return curves, own_background


def _tallies(
    manifest: Manifest,
    target: EvaluationTarget,
    splits: Sequence[str],
    settings: PooledSettings,
    curves: Mapping[str, CurveTally],
    choice: Choice | None,
    job: str,
) -> dict[str, Tally]:
    """Sums per split at the reported threshold. What the curves hold already is not counted again."""
    class_count = len(manifest.classes)
    tallies = {split: curves[split].at(choice.index) if choice else Tally.empty(class_count) for split in splits}
    if choice and not (settings.boundary or settings.by_instance):
        return tallies
    threshold = choice.threshold if choice else None
    for example in examples(target, manifest, splits, job):
        try:
            label = label_of(example.row, example.truth_HW, class_count, threshold)
            counts = None if choice else confusion_counts(example.truth_HW, label, class_count)
            boundary = boundary_counts(example.truth_HW, label, class_count) if settings.boundary else None
            numbers = instance_numbers(example.record, example.truth_HW) if settings.by_instance else None
        except ValueError as error:
            raise misfit(target, example, error) from error
        for split in example.splits:
            if counts is not None:
                tallies[split].add(example.record.image_id, counts)
            if boundary is not None:
                tallies[split].add_boundary(boundary)
            if numbers is not None:
                tallies[split].add_instances(example.record.image_id, example.truth_HW, label, numbers)
    return tallies


def _protocols(manifest: Manifest, splits: Sequence[str], settings: PooledSettings) -> dict[str, dict[str, object]]:
    found = {}
    for split, name in settings.protocol.items():
        if split in splits:
            report = check_protocol(name, ids_with_truth(manifest, split))
            found[split] = {
                "name": name,
                "matches": report.matches,
                "verified": report.verified,
                "sha256": report.sha256,
                "message": report.text,
            }
    return found
