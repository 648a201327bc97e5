"""From the stages of experiment files to a checked graph: variants, kinds, methods, settings and inputs resolved."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsss_core import registry
from wsss_core.registry import Method, Slot
from wsss_core.settings.base import Settings, SettingsError, nearest

if TYPE_CHECKING:
    from wsss_core.settings.experiment import ExperimentFile

RESERVED_KEYS = ("kind", "method", "like", "inputs", "splits", "expected")
"""Keys of a stage that are not settings of its method, unless the method has a setting of that name (`splits` of the
data method voc, `expected` of the report)."""

ARCHITECTURE = "architecture"
"""Setting of a network from a file: the training method whose network it is."""

FindExperiment = Callable[[str], "ExperimentFile"]


@dataclass(frozen=True)
class Stage:
    """A resolved stage. `inputs`: slot -> references "experiment/stage"; the slot `data` names the data stage.

    `splits`: as written in the file, None for the default of its kind. `expected`: published figures per split.
    """

    experiment: str
    name: str
    kind: str
    method: str
    settings: Settings
    inputs: Mapping[str, tuple[str, ...]]
    splits: tuple[str, ...] | None
    seed: int
    expected: Mapping[str, float] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """ "experiment/stage": the stage's name in the whole graph and its folder below the results."""
        return f"{self.experiment}/{self.name}"

    @property
    def entry(self) -> Method:
        """The registry's entry of the method."""
        return registry.METHODS[self.kind][self.method]

    @property
    def made_as(self) -> str:
        """The method whose result this is: that of the stage, or the one that made a network from a file."""
        return str(getattr(self.settings, ARCHITECTURE, self.method))


@dataclass(frozen=True)
class Graph:
    """All stages of an experiment and those of others that it needs, by reference, upstream first."""

    stages: Mapping[str, Stage]

    def of_kind(self, *kinds: str) -> list[Stage]:
        """Stages of the given kinds, in graph order."""
        return [stage for stage in self.stages.values() if stage.kind in kinds]

    def data_of(self, stage: Stage) -> Stage:
        """The data stage that a stage works on."""
        return stage if stage.kind == "data" else self.stages[stage.inputs["data"][0]]


def resolve_stages(file: "ExperimentFile", find: FindExperiment, folder: Path | None = None) -> dict[str, Stage]:
    """All stages of `file` and, through `find`, the foreign ones they use; upstream first.

    `folder`: what relative paths in settings are relative to; None leaves them as they are (see `settings.paths`).

    Raises `SettingsError` for unknown kinds, methods, keys, stages, for cycles and for inputs of a wrong kind.
    """
    resolver = _Resolver(file, find, folder)
    for name in file.stages:
        resolver.resolve(f"{file.experiment}/{name}", wanted_by="the experiment")
    return resolver.done


class _Resolver:
    """Walks the references depth first; `done` fills upstream first."""

    def __init__(self, file: "ExperimentFile", find: FindExperiment, folder: Path | None) -> None:
        self.file, self.find, self.folder = file, find, folder
        self.done: dict[str, Stage] = {}
        self.open: list[str] = []

    def experiment(self, name: str) -> "ExperimentFile":
        return self.file if name == self.file.experiment else self.find(name)

    def resolve(self, ref: str, wanted_by: str) -> Stage:
        if ref in self.done:
            return self.done[ref]
        if ref in self.open:
            raise SettingsError(f"stages form a circle: {' -> '.join([*self.open[self.open.index(ref) :], ref])}")
        experiment, _, name = ref.partition("/")
        file = self.experiment(experiment)
        if name not in file.stages:
            raise SettingsError(f"{wanted_by}: there is no stage {ref!r}; {nearest(name, list(file.stages))}")
        self.open.append(ref)
        self.done[ref] = self._build(file, name)
        self.open.pop()
        return self.done[ref]

    def _build(self, file: "ExperimentFile", name: str) -> Stage:
        raw = merge_like(file.stages, name)
        where = f"stage '{name}'" if file is self.file else f"stage '{file.experiment}/{name}'"
        kind, method = kind_and_method(raw, name, where)
        entry = registry.METHODS[kind][method]
        model = registry.load(entry.settings)
        own: Collection[str] = model.model_fields  # type: ignore[attr-defined]
        values = {key: value for key, value in raw.items() if key in own or key not in RESERVED_KEYS}
        settings = model.parse(values, where, RESERVED_KEYS, self.folder)  # type: ignore[attr-defined]
        splits = None if "splits" in own else _names(raw.get("splits"), "splits", where)
        inputs = self._inputs(file, name, kind, entry, _mapping(raw.get("inputs"), where), where)
        if kind == "data" and (splits is not None or raw["inputs"]):
            key = "inputs" if raw["inputs"] else "splits"
            raise SettingsError(f"{where}: a stage of kind data, method {method}, has no {key!r}; remove the key")
        return Stage(
            experiment=file.experiment,
            name=name,
            kind=kind,
            method=method,
            settings=settings,
            inputs=inputs,
            splits=splits,
            seed=file.seed,
            expected={} if "expected" in own else _figures(raw.get("expected"), where),
        )

    def _inputs(
        self, file: "ExperimentFile", name: str, kind: str, entry: Method, given: Mapping[str, Any], where: str
    ) -> dict[str, tuple[str, ...]]:
        if kind == "data":
            return {}
        known = [*entry.slots, "data"]
        for key in given:
            if key not in known:
                raise SettingsError(f"{where}: there is no input {key!r}; {nearest(key, known)}")
        inputs: dict[str, tuple[str, ...]] = {}
        for slot_name, slot in entry.slots.items():
            refs = self._references(file, name, slot_name, slot, given, where)
            if refs:
                inputs[slot_name] = refs
        inputs["data"] = (self._data(file, inputs, given, where),)
        return inputs

    def _references(
        self, file: "ExperimentFile", name: str, slot_name: str, slot: Slot, given: Mapping[str, Any], where: str
    ) -> tuple[str, ...]:
        if slot_name in given:
            wanted = given[slot_name] if isinstance(given[slot_name], list) else [given[slot_name]]
            wanted = [] if wanted == [None] else wanted
        else:
            wanted = _default_stages(file, name, slot_name, slot, where)
        refs = tuple(ref if "/" in ref else f"{file.experiment}/{ref}" for ref in map(str, wanted))
        for ref in refs:
            found = self.resolve(ref, where)
            if found.kind not in slot.kinds:
                raise SettingsError(
                    f"{where}: input {slot_name!r} takes {' or '.join(slot.kinds)}, but {ref!r} is of kind {found.kind}"
                )
            if slot.methods and found.made_as not in slot.methods:
                raise SettingsError(
                    f"{where}: input {slot_name!r}: expected the {found.kind} of {' or '.join(slot.methods)}, found "
                    f"those of {found.made_as}: {ref!r}; change the method of one of the two stages, or name another "
                    f"stage, `inputs: {{{slot_name}: ...}}`"
                )
        if len(refs) > 1 and not slot.many:
            raise SettingsError(f"{where}: input {slot_name!r} takes one stage, found {', '.join(refs)}")
        if not refs and not slot.optional and not slot.many:
            raise SettingsError(f"{where}: input {slot_name!r} needs a stage of kind {' or '.join(slot.kinds)}")
        return refs

    def _data(
        self, file: "ExperimentFile", inputs: Mapping[str, tuple[str, ...]], given: Mapping[str, Any], where: str
    ) -> str:
        """The data stage: as given, else that of per-image inputs, else the file's only one, else that of networks."""
        upstream = [self.done[ref] for refs in inputs.values() for ref in refs]
        per_image = {stage.inputs["data"][0] for stage in upstream if stage.kind in registry.PER_IMAGE_KINDS}
        if "data" in given:
            ref = str(given["data"])
            ref = ref if "/" in ref else f"{file.experiment}/{ref}"
            if self.resolve(ref, where).kind != "data":
                raise SettingsError(f"{where}: input 'data' takes a stage of kind data, found {ref!r}")
            per_image.add(ref)
        if len(per_image) > 1:
            raise SettingsError(
                f"{where}: its inputs work on different data stages ({', '.join(sorted(per_image))}); "
                "per-image inputs must share one"
            )
        if per_image:
            return per_image.pop()
        own = [name for name, raw in file.stages.items() if kind_of(merge_like(file.stages, name), name) == "data"]
        if len(own) == 1:
            return self.resolve(f"{file.experiment}/{own[0]}", where).ref
        from_networks = {stage.inputs["data"][0] for stage in upstream}
        if len(from_networks) == 1:
            return from_networks.pop()
        raise SettingsError(
            f"{where}: say which data stage it works on, `inputs: {{data: ...}}`; found {own or 'none'}"
        )


def merge_like(stages: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    """A stage's own keys laid over those of the stage it is `like`, and so on upwards; inputs merge slot by slot."""
    chain = [name]
    while (parent := stages[chain[-1]].get("like")) is not None:
        if isinstance(parent, str) and "/" in parent:
            raise SettingsError(
                f"stage '{chain[-1]}': like: expected a stage of this file, found {parent!r}. To do: write its keys "
                f"here; or, to use its result, name it where it is an input, such as `inputs: {{cams: {parent}}}`"
            )
        if not isinstance(parent, str) or parent not in stages:
            raise SettingsError(
                f"stage '{chain[-1]}': like: there is no stage {parent!r}; {nearest(str(parent), list(stages))}"
            )
        if parent in chain:
            raise SettingsError(f"stage '{name}': like goes in a circle: {' -> '.join([*chain, parent])}")
        chain.append(parent)
    merged: dict[str, Any] = {"kind": chain[-1] if chain[-1] in registry.KINDS else None}
    for step in reversed(chain):
        own = dict(stages[step])
        inputs = {**merged.get("inputs", {}), **_mapping(own.get("inputs"), f"stage '{step}': inputs")}
        changes_method = own.get("method") not in (None, merged.get("method"))
        if changes_method and "method" in merged:  # settings of another method mean nothing to this one
            merged = {key: value for key, value in merged.items() if key in RESERVED_KEYS}
        merged.update(own)
        merged["inputs"] = inputs
    return merged


def kind_of(raw: Mapping[str, Any], name: str) -> str | None:
    """Kind of a merged stage: as written, else its own name where that is a kind."""
    return raw.get("kind") or (name if name in registry.KINDS else None)


def kind_and_method(raw: Mapping[str, Any], name: str, where: str) -> tuple[str, str]:
    """Checked kind and method; the method may be left out where a kind has only one, beside `precomputed`."""
    kind = kind_of(raw, name)
    if kind is None:
        raise SettingsError(f"{where}: key 'kind' is required; known: {', '.join(registry.KINDS)}")
    if not isinstance(kind, str) or kind not in registry.METHODS:
        raise SettingsError(f"{where}: unknown kind {kind!r}; {nearest(str(kind), list(registry.KINDS))}")
    methods = list(registry.METHODS[kind])
    method = raw.get("method") or registry.only_method(kind)
    if method is None:
        raise SettingsError(f"{where}: key 'method' is required for kind {kind}; known: {', '.join(methods)}")
    if method not in methods:
        raise SettingsError(f"{where}: kind {kind} has no method {method!r}; {nearest(str(method), methods)}")
    return kind, str(method)


def _default_stages(file: "ExperimentFile", name: str, slot_name: str, slot: Slot, where: str) -> list[str]:
    """For a slot that the file leaves open: the stage of the slot's name, else the only one that fits."""
    kinds = {other: kind_of(merge_like(file.stages, other), other) for other in file.stages if other != name}
    fitting = [other for other, kind in kinds.items() if kind in slot.kinds]
    of_method = [other for other in fitting if _made_as(merge_like(file.stages, other), other) in slot.methods]
    fitting = of_method or fitting  # with none of the right method, the check of the one found says what is wrong
    if slot.many:
        return fitting
    if slot.optional and not slot.assumed:
        return []
    must_ask = slot.ask and len({kinds[other] for other in fitting}) > 1
    if slot_name in fitting and not must_ask:
        return [slot_name]
    if len(fitting) > 1:
        originals = [other for other in fitting if "like" not in file.stages[other]]
        if len(originals) == 1 and not must_ask:
            return originals
        raise SettingsError(
            f"{where}: input {slot_name!r} could be {', '.join(fitting)}; say which, `inputs: {{{slot_name}: ...}}`"
        )
    return fitting


def _made_as(raw: Mapping[str, Any], name: str) -> object:
    """`Stage.made_as` of a merged stage that is not resolved yet."""
    entry = registry.METHODS.get(kind_of(raw, name) or "", {}).get(str(raw.get("method")))
    fields = registry.load(entry.settings).model_fields if entry is not None else {}  # type: ignore[attr-defined]
    return raw.get(ARCHITECTURE, fields[ARCHITECTURE].default) if ARCHITECTURE in fields else raw.get("method")


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SettingsError(f"{where}: expected a mapping `key: value`, found {value!r}")
    return value


def _figures(value: object, where: str) -> dict[str, float]:
    """The published figures of a stage: split -> mIoU (of instances AP50) in percent."""
    found = _mapping(value, f"{where}: key 'expected'")
    for split, figure in found.items():
        if not isinstance(figure, int | float) or isinstance(figure, bool) or not 0 <= figure <= 100:
            raise SettingsError(
                f"{where}: key 'expected' takes the mIoU (of instances AP50) in percent of a split, such as "
                f"{{val: 61.7}}, found {figure!r} for {split!r}"
            )
    return dict(found)


def _names(value: object, key: str, where: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise SettingsError(f"{where}: key {key!r} takes a list of names such as [train, val], found {value!r}")
    return tuple(value)
