"""JSON schema (draft 2020-12) of experiment files, made from the settings models and the registry.

Editors complete and check experiment files with it. `python -m wsss_core.settings.schema --write` renews the committed
`config/experiment.schema.json`; a test fails when that file is not current. The schema cannot say everything that
`Experiment.load` checks: whether named stages exist, fit together and form no circle.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import click

from wsss_core import registry
from wsss_core.artifacts.atomic import write_json
from wsss_core.registry import Method, Slot
from wsss_core.settings.base import Settings
from wsss_core.settings.experiment import ExperimentFile
from wsss_core.settings.graph import RESERVED_KEYS

Schema = dict[str, Any]

_SAYS_DATA: Schema = {
    "anyOf": [
        {"properties": {"like": {"const": "data"}}},
        {"properties": {"kind": {"const": "data"}}, "required": ["kind"]},
    ]
}
"""What a data stage has no inputs and no splits to cover; other variants of data stages only loading can tell."""

FILE = Path("config/experiment.schema.json")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
DESCRIPTIONS = {
    "kind": "What the stage makes. May be left out where the stage is called as its kind.",
    "method": "How it is made. May be left out where the kind has one method only, beside `precomputed`.",
    "like": "Name of a stage of this file whose keys this stage takes over; keys written here win. With another "
    "method, its splits and inputs alone.",
    "inputs": "Input -> stage, or experiment/stage of the file beside this one. Found by kind where left out.",
    "splits": "Splits that the stage covers or learns from. Left out: those of its inputs; for a training: train.",
    "expected": "Published or earlier figures to print beside the obtained ones, in percent: mIoU, of instances AP50.",
}


def experiment_schema() -> Schema:
    """The whole schema as plain values, in a fixed order."""
    definitions: Schema = {}
    top = model_schema(ExperimentFile, definitions)
    for kind, methods in registry.METHODS.items():
        for method in methods:
            definitions[f"{kind}.{method}"] = method_schema(kind, method, definitions)
        definitions[f"kind.{kind}"] = _kind_schema(kind)
    definitions["variant"] = _variant_schema(definitions)
    definitions["stage"] = _dispatch("kind", {kind: f"kind.{kind}" for kind in registry.KINDS})
    top["properties"]["stages"] |= {
        "properties": {kind: _called_as_its_kind(kind) for kind in registry.KINDS},
        "additionalProperties": _like_or({"$ref": "#/$defs/stage"}),
        "propertyNames": {"pattern": NAME_PATTERN},
    }
    top["properties"]["stages"].pop("patternProperties", None)
    return {"$schema": DIALECT, "title": "Experiment", **top, "$defs": dict(sorted(definitions.items()))}


def model_schema(model: type[Settings], definitions: Schema) -> Schema:
    """Schema of one settings model, without the titles that repeat the keys; nested models go to `definitions`."""
    schema = cast(Schema, _tidy(model.model_json_schema(ref_template="#/$defs/{model}")))
    definitions.update(schema.pop("$defs", {}))
    for name, field in model.model_fields.items():
        if field.default_factory is not None:  # pydantic leaves these defaults out
            schema["properties"][name]["default"] = field.get_default(call_default_factory=True, validated_data={})
    return schema


def method_schema(kind: str, method: str, definitions: Schema) -> Schema:
    """Schema of a stage of a known kind and method: the keys of every stage, then the method's settings."""
    entry = registry.METHODS[kind][method]
    settings = model_schema(settings_model(entry), definitions)
    keys = _stage_keys(kind, method, entry.slots)
    return {**settings, "properties": {**keys, **settings["properties"]}}


def settings_model(entry: Method) -> type[Settings]:
    """The settings model of a registry entry."""
    return cast(type[Settings], registry.load(entry.settings))


def _stage_keys(kind: str, method: str, slots: Mapping[str, Slot]) -> Schema:
    schemas: Schema = {
        "kind": {"const": kind},
        "method": {"const": method},
        "inputs": _inputs_schema(slots),
        "splits": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "expected": {"type": "object"},
    }
    if kind == "data":  # covers all splits and has no inputs
        del schemas["inputs"], schemas["splits"]
    return {key: {"description": DESCRIPTIONS[key], **schema} for key, schema in schemas.items()}


def _inputs_schema(slots: Mapping[str, Slot]) -> Schema:
    properties = {name: _slot_schema(slot) for name, slot in slots.items()}
    properties["data"] = {"type": "string", "description": "The data stage, where it is not the file's only one."}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _slot_schema(slot: Slot) -> Schema:
    kinds = " or ".join(slot.kinds)
    if slot.many:
        types: Schema = {"type": ["array", "string"], "items": {"type": "string"}}
        return {**types, "description": f"Stages of kind {kinds}; left out: all of them."}
    note = " Optional." if slot.optional else ""
    return {"type": ["string", "null"] if slot.optional else "string", "description": f"Stage of kind {kinds}.{note}"}


def _kind_schema(kind: str) -> Schema:
    methods = list(registry.METHODS[kind])
    if len(methods) == 1:
        return {"$ref": f"#/$defs/{kind}.{methods[0]}"}
    return _dispatch("method", {method: f"{kind}.{method}" for method in methods}, registry.only_method(kind))


def _dispatch(key: str, choices: Mapping[str, str], default: str | None = None) -> Schema:
    """Each value of `key` leads to a definition; without a `default` value the key is required."""
    described = {"enum": list(choices), "description": DESCRIPTIONS[key]}
    branches = [
        {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": {"$ref": f"#/$defs/{name}"}}
        for value, name in choices.items()
    ]
    if default is not None:
        otherwise = {"$ref": f"#/$defs/{choices[default]}"}
        absent: Schema = {"if": {"not": {"required": [key]}}, "then": otherwise}
        return {"type": "object", "properties": {key: described}, "allOf": [*branches, absent]}
    return {"type": "object", "properties": {key: described}, "required": [key], "allOf": branches}


def _called_as_its_kind(kind: str) -> Schema:
    otherwise = {
        "if": {"required": ["kind"]},
        "then": {"$ref": "#/$defs/stage"},
        "else": {"$ref": f"#/$defs/kind.{kind}"},
    }
    return _like_or(otherwise)


def _like_or(otherwise: Schema) -> Schema:
    return {"if": {"required": ["like"]}, "then": {"$ref": "#/$defs/variant"}, "else": otherwise}


def _variant_schema(definitions: Mapping[str, Schema]) -> Schema:
    """A stage that is `like` another: its method is not written beside it, so every known setting is allowed."""
    found: dict[str, list[Schema]] = {key: [] for key in RESERVED_KEYS}
    for kind, methods in registry.METHODS.items():
        for method in methods:
            for key, schema in definitions[f"{kind}.{method}"]["properties"].items():
                if key not in ("kind", "method") and schema not in found.setdefault(key, []):
                    found[key].append(schema)
    properties: Schema = {key: {"anyOf": schemas} for key, schemas in sorted(found.items()) if schemas}
    kinds, methods_ = list(registry.KINDS), sorted({name for each in registry.METHODS.values() for name in each})
    properties["kind"] = {"enum": kinds, "description": DESCRIPTIONS["kind"]}
    properties["method"] = {"enum": methods_, "description": DESCRIPTIONS["method"]}
    properties["like"] = {"type": "string", "pattern": NAME_PATTERN, "description": DESCRIPTIONS["like"]}
    variant: Schema = {"type": "object", "properties": properties, "required": ["like"], "additionalProperties": False}
    return {**variant, "if": _SAYS_DATA, "then": {"properties": {"inputs": False, "splits": {"type": "object"}}}}


def _tidy(value: object) -> object:
    """Without generated titles, and with descriptions on one line."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _tidy(item) for key, item in value.items() if not (key == "title" and isinstance(item, str))}
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(str(kept["description"]).split())
    return kept


@click.command()
@click.option("--write", is_flag=True, help=f"Renew {FILE} instead of printing.")
def main(write: bool) -> None:
    """Print the JSON schema of experiment files."""
    if write:
        write_json(FILE, experiment_schema())
    else:
        click.echo(json.dumps(experiment_schema(), indent=2, sort_keys=True, ensure_ascii=False))


if __name__ == "__main__":
    main()
