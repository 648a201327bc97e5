"""`wsss predict`: label maps of new photographs and video frames, by a trained segmentation network."""

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from wsss_core.artifacts.atomic import write_bytes
from wsss_core.checkpoints.store import load_network
from wsss_core.commands.image_scores import scores_of
from wsss_core.commands.overlay import draw_overlay, encode_jpeg
from wsss_core.commands.photographs import Photograph, View, find_photographs, views
from wsss_core.commands.trained_segmenter import trained_segmenter
from wsss_core.data.images import ImageError
from wsss_core.data.labels import encode_label_png, voc_palette
from wsss_core.label_ids import is_class
from wsss_core.predictions.label_row import label_row
from wsss_core.predictions.tiles import ScoresOf, tiled_labels
from wsss_core.settings.base import SettingsError
from wsss_core.stages.device import prepare_device

LABEL_ENDING, OVERLAY_ENDING = ".png", ".overlay.jpg"
_PATH = click.Path(path_type=Path)
_SMALLEST_SHARE = 0.005  # classes on fewer of the pixels are not worth naming


@click.command()
@click.argument("experiment", metavar="EXPERIMENT[/STAGE]")
@click.argument("images", nargs=-1, required=True, type=_PATH)
@click.option("--out", type=_PATH, default=Path("labels"), show_default=True, help="Folder to write.")
@click.option("--overlays/--no-overlays", default=True, show_default=True, help="Also write the labels on the photo.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:n.")
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True, help="CPU threads.")
@click.option("--every", type=click.IntRange(min=1), default=1, show_default=True, help="Of videos: every nth frame.")
@click.option("--tile", type=click.IntRange(min=64), help="Look at larger images in overlapping tiles of this side.")
@click.pass_context
def predict(
    ctx: click.Context,
    experiment: str,
    images: tuple[Path, ...],
    out: Path,
    overlays: bool,
    device: str,
    threads: int,
    every: int,
    tile: int | None,
) -> None:
    """Label IMAGES with the network of EXPERIMENT, or of one of its segmenter or predictions stages.

    IMAGES are image files, videos and folders of them; `-` reads paths from standard input, one a line. Writes a
    palette PNG of label ids for each image or frame, and the photograph with the labels drawn on it.
    """
    photographs = find_photographs(images)
    _refuse_overwriting(photographs, out)
    segmenter = trained_segmenter(experiment)
    network, card = load_network(segmenter.folder, prepare_device(device, threads))
    scores = scores_of(network, card, segmenter.folder, segmenter.settings)
    settings_from = segmenter.settings_from or f"the defaults of {segmenter.method}"
    click.echo(f"network {segmenter.folder}, settings of {settings_from}")
    if getattr(segmenter.settings, "restrict_to_tags", False):
        click.echo("these photographs have no tags: all classes may be found, `restrict_to_tags` has no effect")
    faulty, done = 0, 0
    for photograph in photographs:
        try:
            for view in views(photograph, every):
                label_HW = label_image(scores, view.image_HW3, tile)
                _write(view, label_HW, out, overlays)
                click.echo(f"{view.shown}: {describe(label_HW, card.classes)}")
                done += 1
        except ImageError as error:
            click.echo(str(error), err=True)
            faulty += 1
    click.echo(f"{done} of {done + faulty} images labelled in {out}")
    ctx.exit(1 if faulty else 0)


def _write(view: View, label_HW: np.ndarray, out: Path, overlays: bool) -> None:
    write_bytes(out / f"{view.name}{LABEL_ENDING}", encode_label_png(label_HW))
    if overlays:
        picture = encode_jpeg(draw_overlay(view.image_HW3, label_HW, voc_palette(int(label_HW.max()) + 1)))
        write_bytes(out / f"{view.name}{OVERLAY_ENDING}", picture)


def _refuse_overwriting(photographs: Sequence[Photograph], out: Path) -> None:
    """Labels are PNG files, too: written beside the photographs they could take the place of one."""
    given = {photograph.path.resolve() for photograph in photographs}
    for photograph in photographs:
        written = [(out / f"{photograph.name}{ending}").resolve() for ending in (LABEL_ENDING, OVERLAY_ENDING)]
        if lost := given.intersection(written):
            raise SettingsError(f"{min(lost)} would be overwritten by labels; choose another folder with --out")


def label_image(scores: ScoresOf, image_HW3: np.ndarray, tile_px: int | None = None) -> np.ndarray:
    """Label ids (H, W) of an image uint8 RGB (H, W, 3), as the stage `predictions` makes them without tags.

    `tile_px`: look at an image with a longer side in tiles that overlap by a quarter.
    """
    if tile_px is not None and max(image_HW3.shape[:2]) > tile_px:
        return tiled_labels(scores, image_HW3, tile_px, tile_px // 4)
    return label_row("", scores(image_HW3), with_confidence=False).label_HW


def describe(label_HW: np.ndarray, classes: Sequence[str]) -> str:
    """The classes found and their shares of the image, largest first; `classes`: names of the label ids 1, 2, ..."""
    counts = np.bincount(label_HW.reshape(-1), minlength=len(classes) + 1)
    labels = [label for label in range(len(classes) + 1) if is_class(label)]
    shares = {label: counts[label] / label_HW.size for label in labels}
    seen = sorted((label for label in shares if shares[label] >= _SMALLEST_SHARE), key=lambda label: -shares[label])
    return ", ".join(f"{classes[label - 1]} {100 * shares[label]:.0f} %" for label in seen) or "only background"
