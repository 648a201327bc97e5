"""Do the files of hand-made corrections belong to images of the data?"""

from collections.abc import Sequence
from pathlib import Path

from wsss_core.commands.checks.finding import Finding, ok
from wsss_core.exchange.annotations.image_ids import by_image_id
from wsss_core.exchange.annotations.source import FILE_ENDINGS, read_annotations
from wsss_core.exchange.file_folder import ID, FileFolder
from wsss_core.settings.graph import Stage
from wsss_core.settings.paths import where_it_leads
from wsss_core.settings.seeds import CorrectedSettings
from wsss_core.stages.plan import Plan

_SHOWN_NAMES = 5


def check_corrections(plan: Plan) -> list[Finding]:
    """Findings about the `corrections` of all stages that take some; masks are not decoded."""
    return [
        _check(stage, stage.settings, plan.listing(stage).ids)
        for stage in plan.graph.stages.values()
        if isinstance(stage.settings, CorrectedSettings)
    ]


def _check(stage: Stage, settings: CorrectedSettings, image_ids: Sequence[str]) -> Finding:
    source, where = Path(settings.corrections).expanduser(), f"stage {stage.name!r}: corrections"
    if not source.exists():
        remedy = "export the corrected masks there, correct the path, or take the stage out until there are some"
        return Finding("fault", f"{where}: there is nothing at {where_it_leads(source)}", remedy)
    try:
        count, others = _in_file(source, image_ids) if source.is_file() else _in_folder(source, image_ids)
    except ValueError as error:
        return Finding("fault", f"{where}: {error}")
    text = f"{where}: {count} images of the data are in {source}"
    if not others and count:
        return ok(text)
    lines = [f"{text}, and {len(others)} are of no image of the data" + (", such as:" if others else "")]
    lines += [f"  {name}" for name in others[:_SHOWN_NAMES]]
    return Finding("warning" if count else "fault", "\n".join(lines), "correct the path, or the names of the images")


def _in_file(source: Path, image_ids: Sequence[str]) -> tuple[int, list[str]]:
    if source.suffix.lower() not in FILE_ENDINGS:
        raise ValueError(f"expected a folder of PNGs or a file {' or '.join(FILE_ENDINGS)}, found {source}")
    images = read_annotations(source)
    found = by_image_id(images, image_ids)
    known = {id(image) for image in found.values()}
    return len(found), [image.files[0] for image in images if id(image) not in known]


def _in_folder(source: Path, image_ids: Sequence[str]) -> tuple[int, list[str]]:
    folder = FileFolder(source, (f"{ID}.png",))
    known = {path for path in map(folder.find, image_ids) if path is not None}
    return len(known), [
        path.relative_to(source).as_posix() for path in sorted(source.rglob("*.png")) if path not in known
    ]
