"""Parts: the rows of a number of images in one Arrow IPC file, keyed by image id.

A part is written in full or not at all, and its bytes are a function of its rows alone (no time, no host), so that two
runs can be compared byte by byte.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
from pyarrow.fs import FileSystem, FileType

from wsss_core.artifacts.arrow_damage import DAMAGES
from wsss_core.artifacts.atomic import ArtifactError, atomic_output

COMPRESSION = "zstd"
ID_COLUMN = "image_id"
THREADS = False
"""To hand the few columns of one image to threads takes two to three times as long as to pack or unpack them."""

Record = Mapping[str, object]


class PartWriter:
    """Takes records and publishes them as one part when the `with` block ends without an error.

    Each record is a record batch of its own, so memory stays that of one image and single images can be read back.
    """

    def __init__(self, path: Path | str, schema: pa.Schema) -> None:
        if schema.names[0] != ID_COLUMN:
            raise ValueError(f"the first column of a part must be {ID_COLUMN!r}, found {schema.names[0]!r}")
        self.path = Path(path)
        self.schema = schema
        self._ids: set[str] = set()
        self._stack = ExitStack()

    def __enter__(self) -> "PartWriter":
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_output(self.path))
            file = stack.enter_context(open(temporary, "wb"))
            options = pyarrow.ipc.IpcWriteOptions(compression=COMPRESSION, use_threads=THREADS)
            self._writer = stack.enter_context(pyarrow.ipc.new_file(file, self.schema, options=options))
            self._stack = stack.pop_all()
        return self

    def append(self, record: Record) -> None:
        """Add one record; its keys are the schema's names, its image id must be new to the part."""
        image_id = str(record[ID_COLUMN])
        if image_id in self._ids:
            raise ArtifactError(f"{self.path}: image id {image_id!r} was written twice; ids must be unique")
        self._ids.add(image_id)
        self._writer.write_batch(pa.RecordBatch.from_pylist([dict(record)], schema=self.schema))

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]


class PartReader:
    """Random access by image id to a part, one image decoded at a time.

    A local file is memory-mapped. `storage`: Arrow file system in which `path` lies, such as an object store; of it
    only the bytes of the images asked for are fetched.
    """

    def __init__(self, path: Path | str, storage: FileSystem | None = None) -> None:
        self.path, self._storage = Path(path), storage
        if not self._is_there():
            raise FileNotFoundError(f"part {self.path} does not exist; run the stage that makes it first")
        try:
            only_ids = pyarrow.ipc.IpcReadOptions(included_fields=[0], use_threads=THREADS)
            with pyarrow.ipc.open_file(self._open(), options=only_ids) as ids:
                batches = [_valid(ids.get_batch(index)) for index in range(ids.num_record_batches)]
                self._index = {batch.column(0)[0].as_py(): index for index, batch in enumerate(batches)}
            self._file = pyarrow.ipc.open_file(self._open(), options=pyarrow.ipc.IpcReadOptions(use_threads=THREADS))
        except DAMAGES as error:
            raise self._damage(error) from error

    def _damage(self, error: Exception) -> ArtifactError:
        return ArtifactError(f"{self.path} is not a readable part ({error}). To do: delete it and run the stage again.")

    def _is_there(self) -> bool:
        if self._storage is None:
            return self.path.is_file()
        return bool(self._storage.get_file_info(self.path.as_posix()).type == FileType.File)

    def _open(self) -> pa.NativeFile:
        if self._storage is None:
            return pa.memory_map(str(self.path))
        return self._storage.open_input_file(self.path.as_posix())

    @property
    def schema(self) -> pa.Schema:
        """The columns of the part."""
        return self._file.schema

    def ids(self) -> tuple[str, ...]:
        """Image ids in the order in which they were written."""
        return tuple(self._index)

    def __contains__(self, image_id: str) -> bool:
        return image_id in self._index

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, image_id: str) -> Record:
        if image_id not in self._index:
            raise KeyError(f"image {image_id!r} is not in part {self.path}, which holds {len(self)} images")
        try:
            return _valid(self._file.get_batch(self._index[image_id])).to_pylist()[0]
        except DAMAGES as error:
            raise self._damage(error) from error

    def __iter__(self) -> Iterator[Record]:
        return (self[image_id] for image_id in self._index)


def _valid(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch, its lengths and texts checked: Arrow believes a file, and a damaged one would end the process."""
    batch.validate(full=True)
    return batch
