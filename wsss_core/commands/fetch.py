"""`wsss fetch`: public weights and data, to the places where the configurations look for them."""

from collections.abc import Mapping
from pathlib import Path

import click

from wsss_core.commands.places import workflow_root
from wsss_core.commands.text_table import text_table
from wsss_core.download.archive import unpack
from wsss_core.download.check import fault_of, what_is_checked
from wsss_core.download.public_files import PublicFile, choose, public_files
from wsss_core.download.transfer import DownloadError, Report, download, from_mirror

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--into", type=_PATH, help="Folder that holds data/ and weights/; default: the checkout.")
@click.option("--offline", is_flag=True, help="Download nothing: say which file to get where, and where to put it.")
@click.option("--check", is_flag=True, help="Download nothing: compare the files there are with what is published.")
@click.option("--mirror", type=_PATH, help="Folder with files fetched elsewhere, looked into first.")
@click.pass_context
def fetch(
    ctx: click.Context, names: tuple[str, ...], into: Path | None, offline: bool, check: bool, mirror: Path | None
) -> None:
    """Download public files by NAMES: files, or systems such as psa, irn, fma. Without names: list all.

    A download that stopped goes on where it was. Files are checked by size and checksum where one is published.
    Licences are those of their owners: read them first. The exit code is 1 when a file is missing or wrong.
    """
    if not names:
        click.echo(_listed(public_files()))
        return
    root = into or workflow_root()
    chosen = choose(names)
    bad = 0
    for name, file in chosen.items():
        if offline or check:
            bad += not _looked_at(name, file, root)
        else:
            bad += not _fetched(name, file, root, mirror)
    ctx.exit(1 if bad else 0)


def _listed(files: Mapping[str, PublicFile]) -> str:
    rows = [[name, file.path, " ".join(file.needed_by) or "-", file.licence] for name, file in files.items()]
    return text_table(["name", "goes to", "needed by", "licence"], rows)


def _looked_at(name: str, file: PublicFile, root: Path) -> bool:
    """Says whether a file is there and right, else how to get it; whether it is."""
    target = root / file.path
    fault = fault_of(target, file) if target.is_file() else None
    if target.exists() and fault is None:
        click.echo(f"ok       {name}: {target} (checked: {what_is_checked(file)})")
        return True
    sources = [*file.urls, file.page]
    click.echo(f"missing  {name}: {file.about}" if fault is None else f"wrong    {name}: {target}: {fault}")
    click.echo("".join(f"\n         from   {source}" for source in sources)[1:])
    click.echo(f"         put at {target}\n         licence: {file.licence}")
    for inside, outside in file.unpack.items():
        click.echo(f"         unpack {inside}/ to {root / outside}/ (`wsss fetch {name}` does)")
    return False


def _fetched(name: str, file: PublicFile, root: Path, mirror: Path | None) -> bool:
    target = root / file.path
    try:
        if target.exists() and (not target.is_file() or fault_of(target, file) is None):
            click.echo(f"{name}: there already, {target}")
        elif mirror is not None and from_mirror(mirror, file, target):
            click.echo(f"{name}: copied to {target}")
        else:
            click.echo(f"{name}: {file.about}; licence: {file.licence}")
            download(file, target, _progress())
            click.echo(f"{name}: {target} (checked: {what_is_checked(file)})")
        if file.unpack:
            count = unpack(target, file.unpack, root)
            click.echo(f"{name}: {count} files unpacked")
    except (DownloadError, ValueError) as error:
        click.echo(str(error), err=True)
        return False
    return True


def _progress() -> Report:
    """Prints a line at every further tenth, or 100 MB where the size is not known."""
    shown = 0

    def report(done: int, total: int | None) -> None:
        nonlocal shown
        step = 10 * done // total if total else done // 100_000_000
        if step > shown:
            shown = step
            click.echo(f"  {done / 1e6:.0f} MB" + (f" of {total / 1e6:.0f} MB" if total else ""))

    return report
