"""One file over the network, with resume: what has come stays beside the target as `<name>.part` until it is whole."""

import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from wsss_core.download.check import fault_of
from wsss_core.download.public_files import PublicFile

PART_ENDING = ".part"
_BLOCK_BYTES = 1 << 20
_TIMEOUT_S = 60
_PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE = 206, 416
Report = Callable[[int, int | None], None]
"""Called with the bytes there are and the bytes there will be (None: not said)."""


class DownloadError(OSError):
    """No mirror gave the file; the text says what each answered, and where people find it."""


def download(file: PublicFile, target: Path, report: Report = lambda done, total: None) -> None:
    """Get the file from the first mirror that has it, and publish it at `target` once it is checked.

    Goes on where an earlier attempt stopped. Raises `DownloadError`; a file that fails its check is removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + PART_ENDING)
    answers = []
    for url in file.urls:
        try:
            _receive(url, part, report)
        except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
            answers.append(f"{url}: {error}")
            continue
        fault = fault_of(part, file)
        if fault is None:
            part.replace(target)
            return
        part.unlink()
        answers.append(f"{url}: {fault}")
    told = "".join(f"\n  {answer}" for answer in answers) or " there is no address that serves it"
    raise DownloadError(f"{target.name}:{told}\nTo do: get it by hand from {file.page} and put it at {target}.")


def _receive(url: str, part: Path, report: Report) -> None:
    """Append what is missing to `part`; start anew where the server does not know how to go on."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        with error:
            if have and error.code == _RANGE_NOT_SATISFIABLE:
                return  # all of it is there
        raise
    with answer:
        resumed = getattr(answer, "status", None) == _PARTIAL_CONTENT
        length = answer.headers.get("Content-Length")
        have = have if resumed else 0
        total = have + int(length) if length else None
        with part.open("ab" if resumed else "wb") as stream:
            while block := answer.read(_BLOCK_BYTES):
                stream.write(block)
                have += len(block)
                report(have, total)
    if total is not None and have < total:
        raise OSError(f"the connection ended after {have} of {total} bytes; call again to go on from there")


def from_mirror(folder: Path, file: PublicFile, target: Path) -> bool:
    """Copy the file from a folder that holds it under its own name; whether it was there. Raises `DownloadError`."""
    source = folder / target.name
    if not source.is_file():
        return False
    if fault := fault_of(source, file):
        raise DownloadError(f"{source}: {fault}. To do: copy it into that folder again.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + PART_ENDING)
    shutil.copyfile(source, part)
    part.replace(target)
    return True
