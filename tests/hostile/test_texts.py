"""Damaged and malicious texts: configs, tables of tags, annotations of labelling tools, masks as JSON."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hostile.damage import damaged, tried
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.artifacts.rle import encode_masks
from wsss_core.data.coco_instances import read_instances
from wsss_core.data.scribble_files import read_scribbles
from wsss_core.data.tag_table import read_tag_table
from wsss_core.data.voc_files import read_annotation, read_boxes_json, write_annotation
from wsss_core.exchange.annotations.brush_rle import encode_brush
from wsss_core.exchange.annotations.source import read_annotations
from wsss_core.regions.precomputed import read_masks
from wsss_core.settings.base import SettingsError
from wsss_core.settings.experiment import Experiment

MASK_HW = np.random.default_rng(0).random((6, 8)) < 0.5
COUNTS = encode_masks(MASK_HW[None])[0].decode()
CLASSES = ("background", "cat", "dog")

CONFIG = """\
experiment: pets
compute: {device: cpu}
stages:
  data: {method: scenes, train_images: 4, classes: [deer, train]}
  classifier: {method: psa, network: small, epochs: 2}
  cams: {method: multiscale, scales: [1.0]}
  seeds: &seeds {method: argmax, threshold: 0.3}
  strict: {like: seeds, threshold: 0.6}
"""
TABLE = 'file,tags,split\n"a, b.jpg",cat;dog,train\nc.jpg,,val\n"d""e.jpg",dog,train\n'
VOC = write_annotation("a", "a.jpg", (6, 8), [(1.0, 2.0, 5.0, 6.0, "cat"), (2.0, 2.0, 4.0, 4.0, "dog")])
CVAT = """<annotations><image id="0" name="a.jpg" width="8" height="6"><tag label="cat"/>
<box label="cat" xtl="1" ytl="1" xbr="4" ybr="5" z_order="1"/><polygon label="dog" points="1,1;4,1;4,4"/>
<mask label="cat" left="1" top="1" width="2" height="2" rle="1,2,1"/></image></annotations>"""
POINTS = "".join(f"<point><X>{x}</X><Y>{y}</Y></point>" for x, y in ((1, 2), (5, 4)))
SCRIBBLE = f"<annotation><polygon><tag>cat</tag>{POINTS}</polygon></annotation>"
SEGMENTATION = {"size": [6, 8], "counts": COUNTS}
COCO = json.dumps(
    {
        "images": [{"id": 1, "file_name": "a.jpg", "height": 6, "width": 8}],
        "categories": [{"id": 3, "name": "cat"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 1, 3, 3], "area": 9, "segmentation": SEGMENTATION},
            {"id": 2, "image_id": 1, "category_id": 3, "area": 4, "segmentation": [[1, 1, 4, 1, 4, 4]]},
            {"id": 3, "image_id": 1, "category_id": 3, "area": 4, "segmentation": {"size": [6, 8], "counts": [8, 40]}},
        ],
    }
)
RESULTS = [
    {"type": "choices", "value": {"choices": ["cat"]}},
    {"type": "rectanglelabels", "original_width": 8, "original_height": 6,
     "value": {"x": 10, "y": 10, "width": 50, "height": 50, "rectanglelabels": ["dog"]}},
    {"type": "brushlabels", "original_width": 8, "original_height": 6,
     "value": {"format": "rle", "rle": encode_brush(MASK_HW), "brushlabels": ["cat"]}},
    {"type": "polygonlabels", "original_width": 8, "original_height": 6,
     "value": {"points": [[1, 1], [50, 50], [1, 50]], "polygonlabels": ["cat"]}},
]  # fmt: skip
LABEL_STUDIO = json.dumps([{"id": 1, "data": {"image": "/data/upload/a.jpg"}, "annotations": [{"result": RESULTS}]}])
BOXES = json.dumps({"a": [[1, 1, 4, 4, "cat"]], "b": [{"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4, "cls": "dog"}]})
BOX_TABLE = "image,xmin,ymin,xmax,ymax,class\na,1,1,4,4,cat\n"
SAM = json.dumps([{"segmentation": SEGMENTATION, "predicted_iou": 0.9, "level": 1}])


def annotations(path: Path) -> None:
    """Read annotations, and decode what is decoded late."""
    for image in read_annotations(path):
        for shape in image.shapes:
            if shape.mask is not None:
                shape.mask()


READERS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "config": ("config.yaml", CONFIG, Experiment.load),
    "table": ("tags.csv", TABLE, lambda path: read_tag_table(path, path.parent)),
    "VOC": ("voc.xml", VOC, read_annotation),
    "scribble": ("scribble.xml", SCRIBBLE, lambda path: read_scribbles(path, (6, 8), CLASSES, False)),
    "CVAT": ("cvat.xml", CVAT, annotations),
    "COCO": ("coco.json", COCO, annotations),
    "COCO instances": ("instances.json", COCO, read_instances),
    "Label Studio": ("tasks.json", LABEL_STUDIO, annotations),
    "boxes": ("boxes.json", BOXES, read_boxes_json),
    "table of boxes": ("boxes.csv", BOX_TABLE, read_boxes_json),
    "masks": ("masks.json", SAM, lambda path: read_masks(path, "a", (6, 8))),
}
DAMAGED = st.sampled_from(sorted(READERS)).flatmap(
    lambda kind: st.tuples(st.just(kind), damaged(READERS[kind][1].encode()))
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


def read(folder: Path, kind: str, content: bytes) -> object:
    name, _, reader = READERS[kind]
    (folder / name).write_bytes(content)
    return reader(folder / name)


@pytest.mark.parametrize("kind", READERS)
def test_what_is_damaged_below_was_sound(folder: Path, kind: str) -> None:
    read(folder, kind, READERS[kind][1].encode())


@given(case=DAMAGED)
def test_a_damaged_text_is_read_or_refused_with_its_place(folder: Path, case: tuple[str, bytes]) -> None:
    kind, content = case
    tried(lambda: read(folder, kind, content), (ValueError, FileNotFoundError), READERS[kind][0], "stage '")


DEEP = 100_000
BOMBS = {
    "deep lists": "[" * DEEP,
    "deep objects": '{"a":' * DEEP,
    "deep in a list": "[" + "[" * DEEP + "]" * DEEP + "]",
    "no text": "\ufeff\0\ud800".encode("utf-8", "surrogatepass").decode("latin1"),
    "endless number": '{"images": ' + "9" * 10_000 + "}",
    "infinity": '{"images": [], "annotations": Infinity}',
    "entities": '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    + "]><annotations>&m;</annotations>",
    "a file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><annotations>&a;</annotations>',
    "aliases": "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)),
    "an alias to itself": "experiment: &a [*a]\n",
    "an object": "experiment: !!python/object/apply:os.mkdir [ran]\n",
    "a name": "experiment: !!python/name:os.system\n",
    "a merge": "stages: {<<: {data: {method: scenes}}, data: 1}\n",
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("kind", READERS)
def test_texts_made_to_do_harm_are_refused(folder: Path, kind: str, bomb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises((ValueError, FileNotFoundError)):
        read(folder, kind, BOMBS[bomb].encode("utf-8", "replace"))
    assert not (folder / "ran").exists()


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(rows=st.lists(st.lists(NAMES, max_size=4), max_size=4), separator=st.sampled_from(",;\t"))
def test_any_table_is_read_or_refused(folder: Path, rows: list[list[str]], separator: str) -> None:
    text = "\n".join(["file,tags", *(separator.join(row) for row in rows)])
    with suppress(ValueError):
        for entry in read(folder, "table", text.encode()):  # type: ignore[attr-defined]
            assert not Path(entry.file).is_absolute()
            assert ".." not in Path(entry.file).parts


@pytest.mark.parametrize(
    "name", ["../a.jpg", "/etc/passwd", "a/../../b.jpg", "a/../../../etc/passwd", "..", "\\..\\..\\a"]
)
def test_a_table_leads_to_no_file_outside_of_its_folder(folder: Path, name: str) -> None:
    text = f'file,tags\n"{name}",cat\n'
    with suppress(ValueError):
        for entry in read(folder, "table", text.encode()):  # type: ignore[attr-defined]
            assert (folder / entry.file).resolve().is_relative_to(folder.resolve())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
)


@given(content=st.dictionaries(st.sampled_from(["experiment", "stages", "compute", "seed", "x"]), JSON))
def test_any_values_in_a_config_are_taken_or_refused_in_words(folder: Path, content: dict[str, object]) -> None:
    with pytest.raises((SettingsError, FileNotFoundError)):
        read(folder, "config", json.dumps(content).encode())
