"""One writer per output, also where a killed workflow left a job behind that still writes it.

A claim is a small file beside the output, made with O_EXCL, which network file systems grant to one process alone. Its
holder touches it every few seconds; whoever finds it waits until it is removed, or was not touched for so long that its
holder must be dead. Times are the file system's own, so that clocks of machines may differ.
"""

import json
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from wsss_core.artifacts.atomic import explain_fault

logger = logging.getLogger(__name__)

BEAT_S = 10.0
DEAD_AFTER_S = 60.0
"""Six beats missed: longer than a network file system hides a change of another machine."""
SUFFIX = ".claim"


def process_space() -> str:
    """Where process numbers are valid: this start of this machine, this container; empty where it cannot be told."""
    try:
        started = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{started} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


@dataclass(frozen=True)
class Claim:
    """Who writes an output: machine, process, SLURM job (empty outside of one); `key`: what is being made.

    `space`: see `process_space`.
    """

    key: str = ""
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    space: str = field(default_factory=process_space)
    slurm_job: str = field(default_factory=lambda: os.environ.get("SLURM_JOB_ID", ""))
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __str__(self) -> str:
        job = f", SLURM job {self.slurm_job}" if self.slurm_job else ""
        return f"process {self.pid} on {self.host}{job}"


def claim_file(output: Path) -> Path:
    """Where the claim on `output` lies."""
    return output.with_name(f".{output.name}{SUFFIX}")


@contextmanager
def sole_writer(output: Path, key: str = "") -> Iterator[Claim | None]:
    """Hold the claim on `output` within the block; wait first while another process holds it.

    Yields the claim that was waited for last, None when there was none. Raises `ArtifactError` when the folder cannot
    be written.
    """
    path, mine = claim_file(output), Claim(key)
    before = _take(path, mine)
    ended = threading.Event()
    beat = threading.Thread(target=_keep_alive, args=(path, mine, ended), name="claim", daemon=True)
    beat.start()
    try:
        yield before
    finally:
        ended.set()
        beat.join()
        if read_claim(path) == mine:
            path.unlink(missing_ok=True)


def read_claim(path: Path) -> Claim | None:
    """The claim in a file; None when there is none, or it is just being written."""
    try:
        return Claim(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def silence_s(path: Path) -> float:
    """Seconds since the claim was touched last, by the clock of its file system; infinity when it is gone."""
    probe = path.with_name(f"{path.name}.{uuid.uuid4().hex}.now")
    try:
        probe.touch()
        return probe.stat().st_mtime - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
    finally:
        probe.unlink(missing_ok=True)


def is_dead(path: Path, claim: Claim | None) -> bool:
    """Whether nobody holds the claim any more: its process is gone, or, on another machine, was silent for too long."""
    if claim is not None and claim.space and claim.space == process_space() and not _lives(claim.pid):
        return True
    return silence_s(path) > DEAD_AFTER_S


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _take(path: Path, mine: Claim) -> Claim | None:
    """Make the claim file, waiting for its holder; the last other claim seen."""
    seen: Claim | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_fault(path, error) from error
    while not _made(path, mine):
        other = read_claim(path)
        if is_dead(path, other):
            _bury(path, other)
            continue
        if other is not None and other != seen:
            logger.warning("%s is being written by %s; waiting until that ends", path.name, other)
            seen = other
        time.sleep(BEAT_S / 10)
    return seen


def _made(path: Path, mine: Claim) -> bool:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except FileExistsError:
        return False
    except OSError as error:
        raise explain_fault(path, error) from error
    with open(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(mine), file)
    return True


def _bury(path: Path, dead: Claim | None) -> None:
    """Remove a dead claim: by renaming it, which one process alone can do, and only if it still is the one judged."""
    grave = path.with_name(f"{path.name}.{uuid.uuid4().hex}.dead")
    with suppress(FileNotFoundError):
        os.rename(path, grave)
        if read_claim(grave) != dead:  # another process was faster and has made its own meanwhile
            with suppress(FileExistsError):
                os.link(grave, path)
        grave.unlink()


def _keep_alive(path: Path, mine: Claim, ended: threading.Event) -> None:
    while not ended.wait(BEAT_S):
        if read_claim(path) == mine:
            with suppress(OSError):
                os.utime(path)
