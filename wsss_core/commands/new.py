"""`wsss new`: a ready configuration for a folder of photographs."""

import re
import shlex
from pathlib import Path

import click
import yaml

from wsss_core.artifacts.atomic import write_text
from wsss_core.commands.folder_config import RECIPES, FolderConfig
from wsss_core.data.folder import class_names, list_images, tagged_files
from wsss_core.label_ids import without_reserved
from wsss_core.settings.base import SettingsError
from wsss_core.settings.data import FolderSettings
from wsss_core.settings.experiment import Experiment

NETWORK_WITHOUT_WEIGHTS = "small"
_SHOWN_CLASSES = 10
_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--images", type=_PATH, required=True, help="Folder of the photographs.")
@click.option(
    "--tags",
    type=_PATH,
    help="CSV with the columns file,tags and `;` between tags, or annotations: COCO JSON, Label Studio "
    "JSON, CVAT XML, a folder of VOC XML. Without it, every sub-folder is a class.",
)
@click.option("--classes", help="Classes in the order of their label ids, with commas; default: all tags by alphabet.")
@click.option("--drop-other-tags", is_flag=True, help="Leave out tags that are not among --classes.")
@click.option("--no-class", help="Tags that mean that no class is there, such as `intact`, with commas.")
@click.option("--tags-from-masks", is_flag=True, help="Take the tags from the masks in --truth; needs --classes.")
@click.option("--truth", type=_PATH, help="Folder of ground-truth label PNGs, if there are some.")
@click.option(
    "--network", type=click.Choice(list(RECIPES)), default=NETWORK_WITHOUT_WEIGHTS, show_default=True, help="Backbone."
)
@click.option("--weights", type=_PATH, help="File with ImageNet weights of that network.")
@click.option("--name", help="Name of the experiment; default: that of the image folder.")
@click.option("--out", type=_PATH, help="File to write; default: NAME.yaml.")
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
def new(
    images: Path,
    tags: Path | None,
    classes: str | None,
    drop_other_tags: bool,
    no_class: str | None,
    tags_from_masks: bool,
    truth: Path | None,
    network: str,
    weights: Path | None,
    name: str | None,
    out: Path | None,
    force: bool,
) -> None:
    """Write a ready, commented configuration for a folder of images with tags."""
    name = name or experiment_name(images)
    out = Path(f"{name}.yaml") if out is None else out
    if out.exists() and not force:
        raise SettingsError(f"{out} exists already; choose another --out or --name, or overwrite it with --force")
    _refuse_missing(truth, weights)
    data = FolderSettings.parse(
        {
            "images": str(images.resolve()),
            "tags": None if tags is None else str(tags.resolve()),
            "truth": None if truth is None else str(truth.resolve()),
            "tag_source": "masks" if tags_from_masks else "tags",
            "classes": _names(classes),
            "unlisted_tags": "drop" if drop_other_tags else "refuse",
            **({} if no_class is None else {"no_class": _names(no_class)}),
        },
        "options",
    )
    config = FolderConfig(
        name=name,
        images=images.resolve(),
        tags=_resolved(tags),
        truth=_resolved(truth),
        network=network,
        weights=_resolved(weights),
        image_count=len(list_images(data).ids),  # tags and files are checked on the way, before anything is written
        tag_source=data.tag_source,
        classes=without_reserved(data.classes),
        unlisted_tags=data.unlisted_tags,
        no_class=data.no_class,
    )
    text = config.text()
    _check(text, out)
    write_text(out, text)
    click.echo(f"{out}: an experiment on {config.image_count} images with {_classes_in_words(data)}. Next:")
    for command in ("doctor", "plan", "run"):
        click.echo(f"  wsss {command} {_shell(out)}")
    if weights is None and network != NETWORK_WITHOUT_WEIGHTS:
        click.echo(
            f"{network} will start from random numbers, and learn little from so few images. To do: give ImageNet "
            "weights by --weights (`wsss fetch` lists files), or stay with --network small."
        )


def experiment_name(images: Path) -> str:
    """A name for the experiment from that of the image folder; characters that folders of results avoid become `_`."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", images.resolve().name).lstrip("_.-").rstrip("_")
    return name or "photos"


def _resolved(path: Path | None) -> Path | None:
    return None if path is None else path.resolve()


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _classes_in_words(data: FolderSettings) -> str:
    """How many classes and which: a mistyped tag is seen here first."""
    names = without_reserved(class_names(data, tagged_files(data)))
    more = ", ..." if len(names) > _SHOWN_CLASSES else ""
    return f"{len(names)} class{'es' * (len(names) > 1)} ({', '.join(names[:_SHOWN_CLASSES])}{more})"


def _refuse_missing(truth: Path | None, weights: Path | None) -> None:
    if truth is not None and not truth.is_dir():
        raise FileNotFoundError(f"--truth {truth}: there is no such folder")
    if weights is not None and not weights.is_file():
        raise FileNotFoundError(f"--weights {weights}: there is no such file")


def _check(text: str, out: Path) -> None:
    """The text must load as an experiment: a wrong --name, say, is found here."""
    Experiment.from_config(yaml.safe_load(text), out.parent, str(out))


def _shell(path: Path) -> str:
    return shlex.quote(str(path))
