"""The figures of all evaluated stages: read from the evaluation's JSON files, and flattened for CSV and JSON."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.evaluation.target import INSTANCE_KIND
from wsss_core.report.stages import FILE_NAME as STAGE_FILE

PER_CLASS = ("iou_per_class", "precision_per_class", "recall_per_class", "ap50_per_class", "ap70_per_class")
IMAGES_SUFFIX = ".images.csv"
COLUMNS = (
    "stage",
    "kind",
    "method",
    "split",
    "images",
    "miou",
    "subset_miou",
    "boundary_iou",
    "image_miou",
    "miou_by_instance",
    "ignored",
    "threshold",
    "ap50",
    "ap70",
    "expected_miou",
    "expected_ap50",
)


@dataclass(frozen=True)
class SplitFigures:
    """Figures of one stage on one split; shares, IoUs and APs in 0..1, None where there is no such figure.

    `ap50`, `ap70`: average precision of instances at IoU 0.5 and 0.7. `miou_by_instance`: IoU of each image weighted by
    its instances.
    """

    split: str
    images: int
    miou: float | None
    iou_per_class: Mapping[str, float | None]
    subset_miou: float | None = None
    boundary_iou: float | None = None
    image_miou: float | None = None
    miou_by_instance: float | None = None
    ignored: float | None = None
    threshold: float | None = None
    best_threshold: float | None = None
    best_miou: float | None = None
    curve: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    precision_per_class: Mapping[str, float | None] = field(default_factory=dict)
    recall_per_class: Mapping[str, float | None] = field(default_factory=dict)
    ap50: float | None = None
    ap70: float | None = None
    ap50_per_class: Mapping[str, float | None] = field(default_factory=dict)
    ap70_per_class: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class StageFigures:
    """Figures of one evaluated stage; `image_scores`: (image id, split) -> mIoU of that image alone, or None."""

    stage: str
    kind: str
    method: str
    splits: Mapping[str, SplitFigures]
    class_subset: tuple[str, ...] = ()
    protocol: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    tags_used_as_input: bool = False
    threshold_chosen_on: str | None = None
    notes: tuple[str, ...] = ()
    image_scores: Mapping[tuple[str, str], float | None] = field(default_factory=dict)

    @property
    def key_figure(self) -> str:
        """Name of the figure that the stage's kind is known by, and that published ones are compared with."""
        return "ap50" if self.kind == INSTANCE_KIND else "miou"


def read_figures(folder: Path | str) -> dict[str, StageFigures]:
    """Stage -> figures, of every JSON file of an evaluation's folder.

    Raises `ArtifactError` when a file is not what the evaluation writes.
    """
    paths = [path for path in sorted(Path(folder).glob("*.json")) if path.name != STAGE_FILE]
    return {figures.stage: figures for figures in map(_read_one, paths)}


def figures_of_all(evaluations: Sequence[Path], stages: Sequence[str], experiment: str) -> list[StageFigures]:
    """Figures of all evaluations (folders `<results>/<experiment>/<stage>`): those of `stages` first, in their order.

    Stages are called as `experiment` calls them. The figures that a further evaluation has of the same stage are those
    of "stage (evaluation)".
    """
    found: dict[str, StageFigures] = {}
    for folder in evaluations:
        for figures in read_figures(folder).values():
            name = _name_in(experiment, figures.stage, folder.parent.name)
            label = f"{name} ({_name_in(experiment, folder.name, folder.parent.name)})" if name in found else name
            found[label] = replace(figures, stage=label)
    return [found.pop(name) for name in stages if name in found] + list(found.values())


def _name_in(experiment: str, name: str, home: str) -> str:
    """What `experiment` calls the stage that the experiment `home` calls `name`."""
    return (name if "/" in name else f"{home}/{name}").removeprefix(f"{experiment}/")


def _read_one(path: Path) -> StageFigures:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return StageFigures(
            stage=document["stage"],
            kind=document["kind"],
            method=document["method"],
            splits={
                name: _split_figures(name, document["splits"][name], document["classes"])
                for name in document["split_order"]
            },
            class_subset=tuple(document.get("class_subset") or ()),
            protocol=document.get("protocol") or {},
            tags_used_as_input=bool(document.get("tags_used_as_input", False)),
            threshold_chosen_on=document.get("threshold_chosen_on"),
            notes=tuple(document.get("notes") or ()),
            image_scores=_read_image_scores(path.with_suffix(IMAGES_SUFFIX)),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"{path} does not hold figures of the evaluation ({error!r}); delete it and run the evaluation again"
        ) from error


def _split_figures(name: str, values: Mapping[str, object], classes: Sequence[str]) -> SplitFigures:
    known = {key: values[key] for key in SplitFigures.__dataclass_fields__ if key in values and key != "curve"}
    for key in PER_CLASS:
        named = known.get(key)
        if isinstance(named, Mapping):  # the file's keys are sorted; people want the order of the label ids
            known[key] = {label: named[label] for label in classes if label in named}
    curve = values.get("curve")
    if isinstance(curve, Mapping):
        return SplitFigures(split=name, curve=(tuple(curve["thresholds"]), tuple(curve["miou"])), **known)  # type: ignore[arg-type]
    return SplitFigures(split=name, **known)  # type: ignore[arg-type]


def _read_image_scores(path: Path) -> dict[tuple[str, str], float | None]:
    if not path.is_file():
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        return {
            (row["image_id"], row["split"]): float(row["miou"]) if row["miou"] else None for row in csv.DictReader(file)
        }


def flat_rows(
    figures: Sequence[StageFigures], expected: Mapping[str, Mapping[str, float]]
) -> list[dict[str, str | float | None]]:
    """One row per stage and split with the columns `COLUMNS`. `expected`: stage -> split -> key figure in percent."""
    rows: list[dict[str, str | float | None]] = []
    for stage in figures:
        for split in stage.splits.values():
            row: dict[str, str | float | None] = {"stage": stage.stage, "kind": stage.kind, "method": stage.method}
            row.update({name: getattr(split, name) for name in COLUMNS if hasattr(split, name)})
            percent = expected.get(stage.stage, {}).get(split.split)
            row |= {"expected_miou": None, "expected_ap50": None}
            row[f"expected_{stage.key_figure}"] = None if percent is None else round(percent / 100, 6)
            rows.append(row)
    return rows


def to_csv(rows: Sequence[Mapping[str, str | float | None]]) -> str:
    """CSV text with the header `COLUMNS`; an absent figure is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    return text.getvalue()
