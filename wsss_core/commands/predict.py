"""`wsss predict`: label maps of new photographs, by a trained segmentation network."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from wsss_core.artifacts.atomic import write_bytes
from wsss_core.artifacts.label_maps import BACKGROUND
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import load_network
from wsss_core.commands.overlay import draw_overlay, encode_jpeg
from wsss_core.commands.trained_segmenter import trained_segmenter
from wsss_core.data.folder import IMAGE_ENDINGS
from wsss_core.data.images import ImageError, read_image
from wsss_core.data.labels import encode_label_png, voc_palette
from wsss_core.exchange.file_names import file_name
from wsss_core.networks.network import Network
from wsss_core.predictions.multiscale import image_scores, label_row
from wsss_core.settings.base import SettingsError
from wsss_core.settings.predictions import MultiscalePredictionsSettings
from wsss_core.stages.device import prepare_device

LABEL_ENDING, OVERLAY_ENDING = ".png", ".overlay.jpg"
_PATH = click.Path(path_type=Path)
_SMALLEST_SHARE = 0.005  # classes on fewer of the pixels are not worth naming


@dataclass(frozen=True)
class Photograph:
    """An image to label and the name (without ending) of what is written for it."""

    path: Path
    name: str


@click.command()
@click.argument("experiment", metavar="EXPERIMENT[/STAGE]")
@click.argument("images", nargs=-1, required=True, type=_PATH)
@click.option("--out", type=_PATH, default=Path("labels"), show_default=True, help="Folder to write.")
@click.option("--overlays/--no-overlays", default=True, show_default=True, help="Also write the labels on the photo.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:n.")
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True, help="CPU threads.")
@click.pass_context
def predict(
    ctx: click.Context, experiment: str, images: tuple[Path, ...], out: Path, overlays: bool, device: str, threads: int
) -> None:
    """Label IMAGES (files or folders) with the network of EXPERIMENT, or of one of its segmenter or predictions stages.

    Writes a palette PNG of label ids for each image, and the photograph with the labels drawn on it.
    """
    photographs = find_photographs(images)
    _refuse_overwriting(photographs, out)
    segmenter = trained_segmenter(experiment)
    settings = segmenter.settings
    network, card = load_network(segmenter.folder, prepare_device(device, threads))
    click.echo(f"network {segmenter.folder}, settings of {segmenter.settings_from or 'the defaults'}")
    if settings.restrict_to_tags:
        click.echo("these photographs have no tags: all classes may be found, `restrict_to_tags` has no effect")
    faulty = 0
    for photograph in photographs:
        try:
            image_HW3 = read_image(photograph.path)
        except ImageError as error:
            click.echo(str(error), err=True)
            faulty += 1
            continue
        label_HW = label_image(network, card, image_HW3, settings)
        write_bytes(out / f"{photograph.name}{LABEL_ENDING}", encode_label_png(label_HW))
        if overlays:
            picture = encode_jpeg(draw_overlay(image_HW3, label_HW, voc_palette()))
            write_bytes(out / f"{photograph.name}{OVERLAY_ENDING}", picture)
        click.echo(f"{photograph.path}: {describe(label_HW, card.classes)}")
    click.echo(f"{len(photographs) - faulty} of {len(photographs)} images labelled in {out}")
    ctx.exit(1 if faulty else 0)


def _refuse_overwriting(photographs: Sequence[Photograph], out: Path) -> None:
    """Labels are PNG files, too: written beside the photographs they could take the place of one."""
    given = {photograph.path.resolve() for photograph in photographs}
    for photograph in photographs:
        written = [(out / f"{photograph.name}{ending}").resolve() for ending in (LABEL_ENDING, OVERLAY_ENDING)]
        if lost := given.intersection(written):
            raise SettingsError(f"{min(lost)} would be overwritten by labels; choose another folder with --out")


def label_image(
    network: Network, card: NetworkCard, image_HW3: np.ndarray, settings: MultiscalePredictionsSettings
) -> np.ndarray:
    """Label ids uint8 (H, W) of an image uint8 RGB (H, W, 3), as the stage `predictions` makes them without tags."""
    scores_KHW = image_scores(network, card, image_HW3, settings, tags=None)
    return label_row("", scores_KHW, with_confidence=False).label_HW


def find_photographs(paths: Sequence[Path]) -> list[Photograph]:
    """The images among `paths`, those of folders and their sub-folders included, each with a name of its own.

    Raises `FileNotFoundError` for a missing path and when there is no image at all.
    """
    found: list[Photograph] = []
    taken: set[str] = set()
    for path, relative in _images(paths):
        stem = file_name(relative.with_suffix("").as_posix(), "")
        candidates = (stem, file_name(relative.as_posix(), ""), *(f"{stem}_{n}" for n in range(2, len(taken) + 3)))
        name = next(name for name in candidates if name not in taken)
        taken.add(name)
        found.append(Photograph(path, name))
    if not found:
        raise FileNotFoundError(
            f"expected images ({', '.join(sorted(IMAGE_ENDINGS))}), found none in the given folders"
        )
    return found


def _images(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Each image with its path relative to the given folder (a given file: its name)."""
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in IMAGE_ENDINGS and file.is_file())
            yield from ((file, file.relative_to(path)) for file in inside)
        elif path.is_file():
            yield path, Path(path.name)
        else:
            raise FileNotFoundError(f"{path}: there is no such image or folder")


def describe(label_HW: np.ndarray, classes: Sequence[str]) -> str:
    """The classes found and their shares of the image, largest first; `classes`: names of the label ids 1, 2, ..."""
    counts = np.bincount(label_HW.reshape(-1), minlength=len(classes) + 1)
    shares = {label: counts[label] / label_HW.size for label in range(BACKGROUND + 1, len(classes) + 1)}
    seen = sorted((label for label in shares if shares[label] >= _SMALLEST_SHARE), key=lambda label: -shares[label])
    return ", ".join(f"{classes[label - 1]} {100 * shares[label]:.0f} %" for label in seen) or "only background"
