"""The reference of all settings, docs/settings.md, made from the same models as the JSON schema.

`python -m wsss_core.settings.reference --write` renews the file; a test fails when it is not current.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from wsss_core import registry
from wsss_core.artifacts.atomic import write_text
from wsss_core.registry import Slot
from wsss_core.settings.experiment import ExperimentFile
from wsss_core.settings.graph import RESERVED_KEYS
from wsss_core.settings.schema import DESCRIPTIONS, Schema, model_schema, settings_model

FILE = Path("docs/settings.md")
HEAD = """# Settings

Every key of an experiment file, with its default. Made from the settings models by
`python -m wsss_core.settings.reference --write`; do not edit by hand. Editors complete and check the files with
`config/experiment.schema.json`.
"""
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
REQUIRED = "required"


def reference() -> str:
    """The page as Markdown."""
    sections = [HEAD, _section("## The file", ExperimentFile.__doc__, ExperimentFile, {})]
    keys = "\n".join(f"| `{key}` | {DESCRIPTIONS[key]} |" for key in RESERVED_KEYS)
    sections.append(f"## Every stage\n\n| key | meaning |\n|---|---|\n{keys}\n")
    for kind, methods in registry.METHODS.items():
        sections.append(f"## {kind}\n")
        for method, entry in methods.items():
            model = settings_model(entry)
            sections.append(_section(f"### {kind}: {method}", model.__doc__, model, entry.slots))
    return "\n".join(sections)


def _section(title: str, text: str | None, model: type, slots: Mapping[str, Slot]) -> str:
    definitions: Schema = {}
    schema = model_schema(model, definitions)
    rows = [f"| `{key}` | {_type(entry, definitions)} | {default} | {about} |" for key, entry, default, about in
            _rows(schema, definitions)]  # fmt: skip
    table = "| key | value | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows) if rows else "No settings."
    parts = [title, " ".join((text or "").split()), _inputs(slots), table]
    return "\n\n".join(part for part in parts if part) + "\n"


def _inputs(slots: Mapping[str, Slot]) -> str:
    if not slots:
        return ""
    texts = [f"`{name}` ({' or '.join(slot.kinds)}{_methods(slot)}{_amount(slot)})" for name, slot in slots.items()]
    return f"Inputs: {', '.join(texts)}."


def _methods(slot: Slot) -> str:
    return f" of {' or '.join(slot.methods)}" if slot.methods else ""


def _amount(slot: Slot) -> str:
    if slot.many:
        return "; any number, by default all"
    return "; optional" if slot.optional else ""


def _rows(schema: Schema, definitions: Schema, prefix: str = "") -> Iterator[tuple[str, Schema, str, str]]:
    """Key, schema, default and meaning of every setting; nested settings follow with dotted keys."""
    for key, entry in schema.get("properties", {}).items():
        default = REQUIRED if key in schema.get("required", ()) else f"`{_value(entry.get('default'))}`"
        nested = _nested(entry, definitions)
        if nested is not None and isinstance(entry.get("default"), dict):
            default = ""
        yield prefix + key, entry, default, _cell(entry.get("description", ""))
        if nested is not None:
            yield from _rows(nested, definitions, f"{prefix}{key}.")
        elif isinstance(each := entry.get("additionalProperties"), dict) and (inner := _nested(each, definitions)):
            yield from _rows(inner, definitions, f"{prefix}{key}.NAME.")


def _nested(entry: Schema, definitions: Schema) -> Schema | None:
    for choice in [entry, *entry.get("anyOf", [])]:
        if "$ref" in choice:
            found: Schema = definitions[choice["$ref"].rpartition("/")[2]]
            return found if "properties" in found else None
    return None


def _type(entry: Schema, definitions: Schema) -> str:
    if "$ref" in entry:
        return "settings"
    if "anyOf" in entry:
        return " or ".join(dict.fromkeys(_type(choice, definitions) for choice in entry["anyOf"]))
    if "enum" in entry or "const" in entry:
        return ", ".join(f"`{_value(value)}`" for value in entry.get("enum", [entry.get("const")]))
    bounds = ", ".join(f"{sign} {_value(entry[key])}" for key, sign in BOUNDS.items() if key in entry)
    return f"{_plain_type(entry, definitions)} {bounds}".strip()


def _plain_type(entry: Schema, definitions: Schema) -> str:
    kind = entry.get("type")
    if kind == "array" and "prefixItems" in entry:
        return f"[{', '.join(_type(item, definitions) for item in entry['prefixItems'])}]"
    if kind == "array":
        return f"list of {_type(entry.get('items', {}), definitions)}"
    if kind == "object":
        values = entry.get("additionalProperties")
        return f"mapping to {_type(values, definitions)}" if isinstance(values, dict) and values else "mapping"
    return {"string": "text", "boolean": "true, false"}.get(str(kind), str(kind or "any"))


def _value(value: object) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    """Text for a table: bars and, outside of code, angle brackets would be taken for Markdown and HTML."""
    pieces = text.replace("|", "\\|").split("`")
    return "`".join(piece if number % 2 else piece.replace("<", "&lt;") for number, piece in enumerate(pieces))


@click.command()
@click.option("--write", is_flag=True, help=f"Renew {FILE} instead of printing.")
def main(write: bool) -> None:
    """Print the reference of all settings."""
    if write:
        write_text(FILE, reference())
    else:
        click.echo(reference(), nl=False)


if __name__ == "__main__":
    main()
