"""`wsss sbd`: the masks of SBD as PNGs beside those of VOC 2012, and the list train_aug that they make."""

from pathlib import Path

import click

from wsss_core.artifacts.atomic import write_bytes, write_text
from wsss_core.data.faults import DataError
from wsss_core.data.labels import encode_label_png
from wsss_core.data.protocols import check_protocol
from wsss_core.data.voc import LIST_FOLDER, read_id_list
from wsss_core.exchange.sbd_mat import read_sbd_mask
from wsss_core.progress import progress

MASK_FOLDER, OWN_MASKS, LIST_NAME = "SegmentationClassAug", "SegmentationClass", "train_aug.txt"
PROTOCOL = "voc12-trainaug-10582"


@click.command()
@click.argument("sbd", type=click.Path(path_type=Path))
@click.option(
    "--voc",
    type=click.Path(path_type=Path),
    default=Path("data/VOC2012"),
    show_default=True,
    help="Folder of VOC 2012.",
)
@click.option("--out", type=click.Path(path_type=Path), help=f"Folder of the PNGs. Default: {MASK_FOLDER} of VOC.")
def sbd(sbd: Path, voc: Path, out: Path | None) -> None:
    """Make label PNGs of the MATLAB files SBD/cls, and the list train_aug.

    SBD is the folder `dataset` of the published archive, with cls, train.txt and val.txt. VOC's own masks are copied,
    so that --out holds every mask, and are not replaced by SBD's: those of val stay the ones of the evaluation. The
    list has VOC's train and all of SBD, without VOC's val. What is there already stays.
    """
    ids = _listed(sbd)
    out = out or voc / MASK_FOLDER
    train, val = (read_id_list(voc / LIST_FOLDER / f"{split}.txt") for split in ("train", "val"))
    copied = _copy(voc / OWN_MASKS, out)
    missing = [image_id for image_id in ids if not (out / f"{image_id}.png").exists()]
    for image_id in progress(missing, "masks of SBD", len(missing)):
        write_bytes(out / f"{image_id}.png", encode_label_png(read_sbd_mask(sbd / "cls" / f"{image_id}.mat")))
    click.echo(f"{len(missing)} masks of SBD and {copied} of VOC written to {out}")
    _write_list(voc / LIST_FOLDER / LIST_NAME, sorted({*train, *ids} - set(val)))


def _listed(sbd: Path) -> list[str]:
    """All image ids of SBD. Raises `DataError` where the folder is another one."""
    if not (sbd / "cls").is_dir():
        raise DataError(
            f"{sbd}: expected SBD's folder with cls, train.txt and val.txt, found no {sbd / 'cls'}. To do: give the "
            "folder `dataset` of the archive, or get it by `wsss fetch sbd`."
        )
    return sorted({*read_id_list(sbd / "train.txt"), *read_id_list(sbd / "val.txt")})


def _copy(source: Path, out: Path) -> int:
    """Copy the label PNGs that are not in `out`; returns their number."""
    paths = [path for path in sorted(source.glob("*.png")) if not (out / path.name).exists()]
    for path in paths:
        write_bytes(out / path.name, path.read_bytes())
    return len(paths)


def _write_list(path: Path, ids: list[str]) -> None:
    if path.exists():
        same = sorted(read_id_list(path)) == ids
        click.echo(f"{path} stays: {'' if same else 'NOT '}the {len(ids)} ids that VOC and SBD make")
        return
    write_text(path, "".join(f"{image_id}\n" for image_id in ids))
    click.echo(f"{len(ids)} ids written to {path}. {check_protocol(PROTOCOL, ids).text}")
