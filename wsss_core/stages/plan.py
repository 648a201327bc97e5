"""What the Snakefile asks of every stage: its parts, its input files, its request and its code fingerprint."""

import importlib
import json
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from wsss_core import registry
from wsss_core.artifacts.manifest import FILE_NAME as MANIFEST_NAME
from wsss_core.artifacts.manifest import Listing
from wsss_core.checkpoints.file_names import WEIGHTS_NAME, weight_files
from wsss_core.networks.names import network_modules
from wsss_core.settings.base import SettingsError, nearest
from wsss_core.settings.data import BACKGROUND, DataSettings
from wsss_core.settings.experiment import Experiment
from wsss_core.settings.graph import Stage
from wsss_core.settings.seeds import CorrectedSettings
from wsss_core.settings.training import LoopSettings
from wsss_core.stages.check_names import check_expected, check_names, check_start, check_targets, class_names
from wsss_core.stages.fingerprint import code_fingerprint
from wsss_core.stages.foreign_files import folders_of, newest_correction, newest_files
from wsss_core.stages.part_files import part_path
from wsss_core.stages.provenance import FILE_NAME as STAGE_NAME
from wsss_core.stages.request import Request
from wsss_core.stages.target_names import target_name

SCRIPTS = "workflow_scripts"
REPORT_FILE = "report.html"
DEFAULT_TRAINING_SPLIT = "train"
WORD_IN_BRACES = re.compile(r"\{\s*\w+[^{}]*\}")


def script_code(script: str) -> str:
    """Code fingerprint of a script that does the same for every method."""
    return code_fingerprint((f"{SCRIPTS}/{script}.py",))


def stage_has_parts(stage: Stage) -> bool:
    """Whether a stage makes one row per image."""
    return stage.kind in registry.PER_IMAGE_KINDS


class Plan:
    """Files and params of every stage of an experiment. No image is opened; listings are read once per data stage.

    `inside_job`: made within a job on a cluster, for this job alone. What was checked when the run began is not checked
    again, and the images are those of the manifests, not listed anew: every job starts Snakemake twice.
    """

    def __init__(self, experiment: Experiment, inside_job: bool = False) -> None:
        self.experiment = experiment
        self.inside_job = inside_job
        self.graph = experiment.graph
        self.results = Path(experiment.file.compute.results)
        self._listings: dict[str, Listing] = {}
        self._parts: dict[tuple[str, tuple[str, ...]], tuple[int, ...]] = {}
        self._class_names: dict[str, tuple[str, ...]] = {}
        for stage in () if inside_job else self.graph.stages.values():
            self._check_splits(stage)
            self._check_paths(stage)
            self._check_names(stage)

    def stage(self, ref: str) -> Stage:
        """Stage by "experiment/stage"."""
        return self.graph.stages[ref]

    def folder(self, ref: str) -> Path:
        """Folder of a stage's results."""
        return self.results / ref

    def listing(self, stage: Stage) -> Listing:
        """Ids and splits of the data that a stage works on."""
        data = self.graph.data_of(stage)
        if data.ref not in self._listings:
            made = self._listing_of_manifest(data) if stage is not data else None  # that of `data` itself may be old
            self._listings[data.ref] = made or importlib.import_module(data.entry.module).list_images(data.settings)
        return self._listings[data.ref]

    def _listing_of_manifest(self, data: Stage) -> Listing | None:
        path = self.folder(data.ref) / MANIFEST_NAME
        if not self.inside_job or not isinstance(data.settings, DataSettings) or not path.is_file():
            return None
        return Listing.of_manifest(path, data.settings.part_size)

    def _classes(self, stage: Stage) -> tuple[str, ...]:
        """Names of the classes of the data that a stage works on; read once, for the table of tags may be long."""
        data = self.graph.data_of(stage)
        if data.ref not in self._class_names:
            listed = self.listing(data).classes
            self._class_names[data.ref] = (BACKGROUND, *listed) if listed else class_names(data)
        return self._class_names[data.ref]

    def splits(self, stage: Stage) -> tuple[str, ...]:
        """Splits that a stage covers: as written, else those of its inputs; a training by default takes `train`."""
        if stage.splits is not None:
            return stage.splits
        names = self.listing(stage).split_names
        if stage.kind in registry.TRAINING_KINDS:
            return (DEFAULT_TRAINING_SPLIT,) if DEFAULT_TRAINING_SPLIT in names else names[:1]
        upstream = self._per_image_inputs(stage) if stage.kind in registry.PER_IMAGE_KINDS else []
        covered = [self.splits(source) for source in upstream]
        return tuple(name for name in (covered[0] if covered else names) if all(name in other for other in covered))

    def parts(self, stage: Stage) -> tuple[int, ...]:
        """Numbers of the parts of a per-image stage."""
        key = (self.graph.data_of(stage).ref, self.splits(stage))
        if (
            key not in self._parts
        ):  # the graph asks once per job, and a large data set has hundreds of thousands of images
            self._parts[key] = self.listing(stage).parts(key[1])
        return self._parts[key]

    def targets(self, stage: Stage) -> dict[str, Stage]:
        """What an evaluation stage evaluates: file stem -> stage."""
        return {target_name(self._key(stage, ref)): self.graph.stages[ref] for ref in stage.inputs.get("of", ())}

    def finished(self, stage: Stage) -> Path:
        """The file whose presence says that a stage is complete."""
        return self.folder(stage.ref) / (REPORT_FILE if stage.kind == "report" else STAGE_NAME)

    def lineage(self, stage: Stage) -> list[Stage]:
        """The stage and everything it is made from, upstream last."""
        found = {stage.ref: stage}
        waiting = [stage]
        while waiting:
            fresh = [source for source in self._sources(waiting.pop()) if source.ref not in found]
            found.update({source.ref: source for source in fresh})
            waiting.extend(fresh)
        return list(found.values())

    def final_targets(self) -> list[Path]:
        """Files that a full run of the experiment makes."""
        return [self.finished(stage) for stage in self.experiment.stages.values()]

    def products(self, stage: Stage, parts: Iterable[int] | None = None) -> list[Path]:
        """Files of a stage that others read, of the given parts only where it is a per-image stage."""
        folder = self.folder(stage.ref)
        if stage.kind == "data":
            return [folder / MANIFEST_NAME]
        if stage.kind in registry.TRAINING_KINDS:
            return [folder / WEIGHTS_NAME]
        if stage.kind in registry.PER_IMAGE_KINDS:
            return [part_path(folder, part) for part in (self.parts(stage) if parts is None else parts)]
        if stage.kind == "evaluation":
            return [folder / f"{name}.json" for name in self.targets(stage)]
        return [self.finished(stage)]

    def inputs(self, stage: Stage, parts: Iterable[int] | None = None) -> list[Path]:
        """Files a job of a stage reads: manifest, upstream products (of `parts`, or of its splits), weights, lists."""
        wanted = self.parts(stage) if parts is None else tuple(parts)
        files = [path for source in self._sources(stage) for path in self.products(source, self._made(source, wanted))]
        ids = self.ids(stage, wanted) if folders_of(stage.settings) else ()
        return [*files, *self._outside_files(stage), *newest_files(stage.settings, ids)]

    def ids(self, stage: Stage, parts: Iterable[int] | None = None) -> list[str]:
        """Ids of the images that a stage covers, of the given parts only where there are some."""
        listing, covered = self.listing(stage), set(self.splits(stage))
        size, count = listing.part_size, len(listing.ids)
        kept = range(-(-count // size)) if parts is None else sorted(set(parts))
        places = (place for part in kept for place in range(part * size, min((part + 1) * size, count)))
        return [listing.ids[place] for place in places if not covered.isdisjoint(listing.splits[place])]

    def _made(self, source: Stage, wanted: Iterable[int]) -> list[int]:
        """Those of the parts `wanted` that a source has: a report also shows stages that cover fewer splits."""
        return [part for part in wanted if part in self.parts(source)] if stage_has_parts(source) else []

    def request(self, stage: Stage, target: Stage | None = None) -> str:
        """The request of a stage as JSON; for an evaluation, of one `target`."""
        if target is None:
            inputs = {key: ref for slot, refs in stage.inputs.items() for key, ref in self._keys(stage, slot, refs)}
        else:
            inputs = {"of": target.ref, "data": self.graph.data_of(target).ref}
        return Request(
            experiment=stage.experiment,
            stage=stage.name,
            kind=stage.kind,
            method=stage.method,
            settings=self._settings(stage),
            inputs=inputs,
            input_kinds={key: self.graph.stages[ref].kind for key, ref in inputs.items()},
            splits=self.splits(stage),
            seed=stage.seed,
        ).to_json()

    def _settings(self, stage: Stage) -> dict[str, object]:
        """The resolved settings that matter to the result; a report also gets the figures that the stages expect."""
        if isinstance(stage.settings, LoopSettings):
            return stage.settings.result_settings()
        settings: dict[str, object] = stage.settings.model_dump(mode="json")
        if stage.kind == "report":
            sources = [source for source in self._sources(stage) if source.expected]
            expected = {self._key(stage, source.ref): dict(source.expected) for source in sources}
            settings["expected"] = {**expected, **dict(settings["expected"])}  # type: ignore[call-overload]
        return settings

    def bookkeeping(self, stage: Stage) -> str:
        """The settings of a training that its request leaves out, as JSON: they do not matter to the result."""
        left_out = stage.settings.bookkeeping() if isinstance(stage.settings, LoopSettings) else {}
        return json.dumps(left_out, sort_keys=True)

    def code(self, stage: Stage, script: str) -> str:
        """Code fingerprint of a stage that `script` runs."""
        return code_fingerprint((f"{SCRIPTS}/{script}.py", *self.modules(stage)))

    @staticmethod
    def modules(stage: Stage) -> tuple[str, ...]:
        """Modules that a stage loads by name: its method's and its network's."""
        module = stage.entry.module
        network = getattr(stage.settings, "network", None)
        if stage.kind not in registry.TRAINING_KINDS or network is None:
            return (module,)
        return (module, *network_modules(stage.kind, network, stage.made_as))

    def listing_fingerprint(self, stage: Stage) -> str:
        """Changes when images are added to or removed from a data stage."""
        return self.listing(stage).fingerprint()

    @cached_property
    def _stage_names(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for stage in self.graph.stages.values():
            names.setdefault(stage.experiment, []).append(stage.name)
        return names

    def find(self, name: str) -> Stage:
        """Stage by name within the experiment (or "experiment/stage"); raises `SettingsError` with the nearest name."""
        ref = name if "/" in name else f"{self.experiment.name}/{name}"
        if ref not in self.graph.stages:
            known = self._stage_names.get(ref.split("/")[0], [])
            raise SettingsError(f"there is no stage {name!r} in this experiment; {nearest(name, known)}")
        return self.graph.stages[ref]

    def _key(self, stage: Stage, ref: str) -> str:
        return self.graph.stages[ref].name if self.graph.stages[ref].experiment == stage.experiment else ref

    def _keys(self, stage: Stage, slot: str, refs: tuple[str, ...]) -> list[tuple[str, str]]:
        many = slot in stage.entry.slots and stage.entry.slots[slot].many
        return [(self._key(stage, ref) if many else slot, ref) for ref in refs]

    def _sources(self, stage: Stage) -> list[Stage]:
        return [self.graph.stages[ref] for refs in stage.inputs.values() for ref in refs]

    def _per_image_inputs(self, stage: Stage) -> list[Stage]:
        return [source for source in self._sources(stage) if source.kind in registry.PER_IMAGE_KINDS]

    def _outside_files(self, stage: Stage) -> list[Path]:
        """Files from outside the workflow: pretrained weights, and the lists of a data stage."""
        if stage.kind == "data":
            return list(importlib.import_module(stage.entry.module).input_files(stage.settings))
        if isinstance(stage.settings, CorrectedSettings):
            return newest_correction(Path(stage.settings.corrections).expanduser())
        return weight_files(stage.settings)

    def _check_paths(self, stage: Stage) -> None:
        """Snakemake takes a word in braces for a wildcard, in any path, and has no way to write it otherwise."""
        for path in self._outside_files(stage):
            if WORD_IN_BRACES.search(str(path)):
                raise SettingsError(
                    f"stage {stage.name!r}: expected a path without words in braces, which Snakemake takes for "
                    f"wildcards, found {str(path)!r}. To do: rename the folder or file."
                )

    def _check_names(self, stage: Stage) -> None:
        """Names in settings that only the data can confirm: else they would be found wrong after all trainings."""
        if stage.kind in ("cams", "predictions"):
            self._check_classes(stage)
        if stage.kind not in ("affinity", "evaluation", "report"):
            return
        check_start(stage)
        check_names(stage, self.listing(stage).split_names, self._classes(stage))
        check_expected(stage, [self._key(stage, source.ref) for source in self._sources(stage)])
        if stage.kind == "evaluation":
            check_targets(stage, [target_name(self._key(stage, ref)) for ref in stage.inputs.get("of", ())])

    def _check_classes(self, stage: Stage) -> None:
        """The channels of a network mean the classes of the data that it was trained on, in their order."""
        own = self._classes(stage)
        for source in self._sources(stage):
            learnt = self._classes(source)
            if learnt != own:
                raise SettingsError(
                    f"stage {stage.name!r}: {source.name!r} was trained on the classes {', '.join(learnt[1:])}, but "
                    f"its data has {', '.join(own[1:])}; they must be the same, in the same order. To do: name a "
                    "network of these classes, or train one on the data."
                )

    def _check_splits(self, stage: Stage) -> None:
        if stage.kind == "data":
            return
        listing = self.listing(stage)
        if stage.kind in registry.PER_IMAGE_KINDS and not self.splits(stage):
            names = " and ".join(repr(source.name) for source in self._per_image_inputs(stage))
            raise SettingsError(f"stage {stage.name!r}: its inputs {names} cover no split in common; widen `splits`")
        for name in (*self.splits(stage), *stage.expected):
            if name not in listing.split_names:
                raise SettingsError(
                    f"stage {stage.name!r}: there is no split {name!r} in {self.graph.data_of(stage).name!r}; "
                    f"{nearest(name, list(listing.split_names))}"
                )
        if stage.kind not in (*registry.PER_IMAGE_KINDS, *registry.TRAINING_KINDS):
            return
        for source in self._per_image_inputs(stage):
            if set(self.splits(stage)) <= set(self.splits(source)):
                continue
            needed = {image_id for name in self.splits(stage) for image_id in listing.ids_of(name)}
            covered = {image_id for name in self.splits(source) for image_id in listing.ids_of(name)}
            if missing := needed - covered:
                raise SettingsError(
                    f"stage {stage.name!r} covers the splits {list(self.splits(stage))}, but its input {source.name!r} "
                    f"covers only {list(self.splits(source))}: {len(missing)} images are missing. To do: add the "
                    f"split to `splits` of {source.name!r}, or give {stage.name!r} fewer."
                )
