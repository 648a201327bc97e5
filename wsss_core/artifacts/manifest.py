"""The manifest: one row per image, with its tags, weak labels and ground truth; and the listing it is made from."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.ipc

from wsss_core.artifacts.arrow_damage import DAMAGES
from wsss_core.artifacts.atomic import ArtifactError, atomic_output

FILE_NAME = "manifest.arrow"
METADATA_KEY = b"wsss"

_BOX = pa.struct(
    [("x0", pa.float32()), ("y0", pa.float32()), ("x1", pa.float32()), ("y1", pa.float32()), ("label", pa.int32())]
)
_POINT = pa.struct([("x", pa.float32()), ("y", pa.float32()), ("label", pa.int32())])
SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("file", pa.string()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("splits", pa.list_(pa.string())),
        ("part", pa.int32()),
        ("tags", pa.list_(pa.int32())),
        ("boxes", pa.list_(_BOX)),
        ("points", pa.list_(_POINT)),
        ("scribbles", pa.string()),
        ("saliency", pa.string()),
        ("truth", pa.string()),
        ("instance_truth", pa.string()),
        ("skipped", pa.string()),
    ]
)


@dataclass(frozen=True)
class Box:
    """Box in pixels: x0, y0 inclusive, x1, y1 exclusive, with a label id."""

    x0: float
    y0: float
    x1: float
    y1: float
    label: int


@dataclass(frozen=True)
class Point:
    """Pixel x (right), y (down) with a label id; 0 marks the background."""

    x: float
    y: float
    label: int


@dataclass(frozen=True)
class ImageRecord:
    """One image. `file`, `scribbles`, `saliency`, `truth` are paths; `tags` ascending label ids (1..C).

    `instance_truth`: path of the objects' numbers (see `data.instance_truth`); only where there is a `truth`.
    `height`, `width`: pixels as displayed (after EXIF rotation). `skipped`: why a bad image was left out, else None.
    """

    image_id: str
    file: str
    height: int
    width: int
    splits: tuple[str, ...]
    part: int
    tags: tuple[int, ...] = ()
    boxes: tuple[Box, ...] = ()
    points: tuple[Point, ...] = ()
    scribbles: str | None = None
    saliency: str | None = None
    truth: str | None = None
    instance_truth: str | None = None
    skipped: str | None = None


@dataclass(frozen=True)
class Listing:
    """Image ids in order with the splits each is in; made without opening an image, when the graph is built.

    `classes`: names of the foreground classes where they stand in the same list as the images; else empty.
    """

    ids: tuple[str, ...]
    splits: tuple[tuple[str, ...], ...]
    part_size: int
    classes: tuple[str, ...] = ()

    @classmethod
    def of_manifest(cls, path: Path | str, part_size: int) -> "Listing":
        """What a manifest was made from, in a small part of the time that it takes to list images.

        Raises `ArtifactError` for another file.
        """
        try:
            with pa.memory_map(str(path)) as mapped, pyarrow.ipc.open_file(mapped) as file:
                _check_columns(file.schema)
                table = file.read_all().select(["image_id", "splits"])
                table.validate(full=True)
                ids, splits = table["image_id"].to_pylist(), map(tuple, table["splits"].to_pylist())
            return cls(tuple(ids), tuple(splits), part_size)
        except DAMAGES as error:
            raise _not_a_manifest(path, error) from error

    @cached_property
    def split_names(self) -> tuple[str, ...]:
        """Names of all splits, in order of first appearance."""
        return tuple(dict.fromkeys(name for names in self.splits for name in names))

    def parts(self, wanted: Iterable[str]) -> tuple[int, ...]:
        """Numbers of the parts that hold an image of one of the splits `wanted`."""
        chosen = set(wanted)
        return tuple(
            sorted({place // self.part_size for place, names in enumerate(self.splits) if not chosen.isdisjoint(names)})
        )

    def ids_of(self, split: str) -> tuple[str, ...]:
        """Ids of one split, in order."""
        return tuple(image_id for image_id, names in zip(self.ids, self.splits, strict=True) if split in names)

    def fingerprint(self) -> str:
        """Short hash of ids and splits: changes when images are added, removed or moved between splits."""
        text = json.dumps([self.ids, self.splits, self.part_size], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Manifest:
    """All images of a data stage.

    `classes`: names, index = label id, "background" first. `tag_source`: where the tags come from, in words.
    `notes`: remarks for the report, e.g. how many tags and masks disagree.
    """

    classes: tuple[str, ...]
    records: tuple[ImageRecord, ...]
    tag_source: str
    dataset: str
    notes: tuple[str, ...] = field(default=())

    def select(self, splits: Sequence[str], part: int | None = None, with_skipped: bool = False) -> list[ImageRecord]:
        """Records of the given splits (and part), in order, without skipped images unless asked for."""
        chosen = set(splits)
        return [
            record
            for record in self.records
            if chosen & set(record.splits)
            and (part is None or record.part == part)
            and (with_skipped or record.skipped is None)
        ]

    def skipped(self) -> list[ImageRecord]:
        """Records left out because of a bad file, with the reason."""
        return [record for record in self.records if record.skipped is not None]

    def write(self, path: Path | str) -> None:
        """Publish the manifest atomically."""
        about = {
            "classes": self.classes,
            "tag_source": self.tag_source,
            "dataset": self.dataset,
            "notes": self.notes,
        }
        schema = SCHEMA.with_metadata({METADATA_KEY: json.dumps(about, ensure_ascii=False).encode()})
        table = pa.Table.from_pylist([_to_row(record) for record in self.records], schema=schema)
        with atomic_output(path) as temporary, pyarrow.ipc.new_file(str(temporary), schema) as writer:
            writer.write_table(table)

    @classmethod
    def read(cls, path: Path | str, part: int | None = None) -> "Manifest":
        """Manifest from a file or from the data stage's folder; of one part only, if it is given.

        A job on a part of a large data set so takes neither time nor memory for the rest.
        """
        path = Path(path)
        path = path / FILE_NAME if path.is_dir() else path
        if not path.is_file():
            raise FileNotFoundError(f"manifest {path} does not exist; run the data stage first")
        try:
            with pa.memory_map(str(path)) as mapped, pyarrow.ipc.open_file(mapped) as file:
                about = json.loads(file.schema.metadata[METADATA_KEY])
                _check_columns(file.schema)
                table = file.read_all()
                table.validate(full=True)  # Arrow believes a file, and a damaged one would end the process
                wanted = table if part is None else table.filter(pa.compute.equal(table["part"], part))
                records = tuple(_from_row(row) for row in wanted.to_pylist())
            return cls(tuple(about["classes"]), records, about["tag_source"], about["dataset"], tuple(about["notes"]))
        except DAMAGES as error:
            raise _not_a_manifest(path, error) from error


def _not_a_manifest(path: Path | str, error: Exception) -> ArtifactError:
    return ArtifactError(f"{path} is not a manifest ({error}); delete it and run the data stage")


def _check_columns(found: pa.Schema) -> None:
    """Raise ValueError for a column that no manifest has, or of another type; those of before had fewer."""
    odd = [
        field.name for field in found if field.name not in SCHEMA.names or field.type != SCHEMA.field(field.name).type
    ]
    if odd:
        raise ValueError(f"unexpected columns {', '.join(map(repr, odd))}")


def _to_row(record: ImageRecord) -> dict[str, object]:
    row: dict[str, object] = dict(vars(record))
    row["boxes"] = [vars(box) for box in record.boxes]
    row["points"] = [vars(point) for point in record.points]
    return row


def _from_row(row: dict[str, object]) -> ImageRecord:
    fields = dict(row)
    fields["splits"], fields["tags"] = tuple(fields["splits"]), tuple(fields["tags"])  # type: ignore[arg-type]
    fields["boxes"] = tuple(Box(**box) for box in fields["boxes"])  # type: ignore[attr-defined]
    fields["points"] = tuple(Point(**point) for point in fields["points"])  # type: ignore[attr-defined]
    return ImageRecord(**fields)  # type: ignore[arg-type]
