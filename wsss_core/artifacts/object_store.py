"""Which files of a stage belong in an object store, and which are there. The copying is Snakemake's: `storage/`.

A store is named by a URI such as `s3://bucket/results`, below which lie experiments and stages as below `results/`.
Endpoint and keys come from the environment (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), which Arrow
and Snakemake's plugin both read.
"""

from pathlib import Path

from pyarrow.fs import FileSelector, FileSystem, FileType

ABOUT = "stage.json"
"""The file that says that a stage is complete: the last to be stored, and so the first to be looked for."""
_LEFT_OUT = ("resume",)


def files_to_store(results: Path, stage: str) -> list[str]:
    """Files of the finished stage "experiment/stage", relative to `results`, without `stage.json` itself.

    Hidden files (claims, unfinished ones) and states of trainings stay here. Raises `FileNotFoundError` when the stage
    is not finished.
    """
    folder = results / stage
    if not (folder / ABOUT).is_file():
        raise FileNotFoundError(f"expected the finished stage {folder}, found no {ABOUT}. To do: run it first.")
    found = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    kept = [path for path in found if path.parts[0] not in _LEFT_OUT and not any(part[0] == "." for part in path.parts)]
    return [f"{stage}/{path.as_posix()}" for path in kept if path.as_posix() != ABOUT]


def finished_stages(results: Path, experiment: str) -> list[str]:
    """Finished stages of an experiment, as "experiment/stage". Reports end in a page, not in `stage.json`."""
    return [f"{experiment}/{path.parent.name}" for path in sorted((results / experiment).glob(f"*/{ABOUT}"))]


def open_store(store: str) -> tuple[FileSystem, str]:
    """The Arrow file system of a store, and the path of its root there."""
    storage, root = FileSystem.from_uri(store)
    return storage, root.rstrip("/")


def stored_files(store: str, stage: str) -> list[str]:
    """Files of a stage in the store, relative to its root, with `stage.json`.

    Raises `FileNotFoundError` when the stage is not there, or only in part.
    """
    storage, root = open_store(store)
    found = storage.get_file_info(FileSelector(f"{root}/{stage}", recursive=True, allow_not_found=True))
    files = sorted(entry.path.removeprefix(f"{root}/") for entry in found if entry.type == FileType.File)
    if f"{stage}/{ABOUT}" not in files:
        what = "only some of its files" if files else "nothing"
        raise FileNotFoundError(f"expected the stage {stage} in {store}, found {what}. To do: publish it first.")
    return files
