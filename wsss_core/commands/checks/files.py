"""Is there a file for every image, where a stage takes what others made, and do their classes fit the data?"""

from collections.abc import Collection

from wsss_core.commands.checks.finding import Finding, ok
from wsss_core.download.public_files import fetched_to
from wsss_core.exchange.class_order import ClassOrder
from wsss_core.exchange.file_folder import FileFolder
from wsss_core.settings.base import SettingsError
from wsss_core.settings.graph import Graph, Stage
from wsss_core.settings.paths import where_it_leads
from wsss_core.stages.check_names import class_names
from wsss_core.stages.foreign_files import folders_of
from wsss_core.stages.plan import Plan

_SHOWN_FAULTS = 5


def check_files(plan: Plan, skipped: Collection[str] = ()) -> list[Finding]:
    """Findings about the folders of all stages of the method `precomputed`; the files are not opened.

    `skipped`: ids of images that cannot be used and need no file.
    """
    findings = []
    for stage in plan.graph.stages.values():
        folders = folders_of(stage.settings)
        ids = [image_id for image_id in plan.ids(stage) if image_id not in skipped] if folders else []
        findings += [_check(f"stage {stage.name!r}: {setting}", folder, ids) for setting, folder in folders.items()]
        findings += _check_classes(plan, stage)
    return findings


def check_folders(graph: Graph) -> list[Finding]:
    """Findings about folders of the method `precomputed` that are not there: all that can be said without the data."""
    return [
        _check(f"stage {stage.name!r}: {setting}", folder, [])
        for stage in graph.stages.values()
        for setting, folder in folders_of(stage.settings).items()
        if not folder.folder.is_dir()
    ]


def _check(where: str, folder: FileFolder, ids: list[str]) -> Finding:
    if not folder.folder.is_dir():
        name = fetched_to(folder.folder)
        remedy = "correct the path" if name is None else f"`wsss fetch {name} --offline` says where to get it"
        return Finding("fault", f"{where}: there is no folder {where_it_leads(folder.folder)}", remedy)
    missing = [image_id for image_id in ids if folder.find(image_id) is None]
    if not missing:
        return ok(f"{where}: a file for each of {len(ids)} images in {folder.folder}")
    more = f" (the first {_SHOWN_FAULTS})" if len(missing) > _SHOWN_FAULTS else ""
    lines = [
        f"{where}: {len(missing)} of {len(ids)} images have no file {' or '.join(folder.names)} in {folder.folder}"
    ]
    lines[0] += f"{more}:"
    lines += [f"  {image_id}" for image_id in missing[:_SHOWN_FAULTS]]
    return Finding("fault", "\n".join(lines), "make the files, correct the names, or give the stage fewer `splits`")


def _check_classes(plan: Plan, stage: Stage) -> list[Finding]:
    names = getattr(stage.settings, "classes", ())
    if stage.kind == "data" or not names:
        return []
    try:
        ClassOrder.of(names, class_names(plan.graph.data_of(stage)))
    except SettingsError as error:
        return [Finding("fault", f"stage {stage.name!r}: {error}")]
    return []
