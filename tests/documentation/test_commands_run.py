"""The commands that README and docs show are run: as they stand, on a tiny experiment under the names of the pages.

`photos` is made by `wsss new` and a whole tiny chain; experiments of other names have its results under theirs.
Commands on data and weights that no test has must end with one plain text that names what is missing.
"""

import json
import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result
from data.coco_files import write_instances
from documentation.pages import ROOT, commands
from exchange.sbd_files import write_sbd
from in_process import run_experiment
from own_images import make_tiny, write_photos, write_tags
from PIL import Image

from wsss_core.artifacts.atomic import write_text
from wsss_core.cli import main
from wsss_core.commands import run as run_command
from wsss_core.commands import view as view_command
from wsss_core.settings.data import COCO_CLASSES

SHOWN = sorted({command.text for command in commands() if command.program == "wsss" and command.shown})
ALIASES = (
    "quickstart",
    "quickstart_irn",
    "quickstart_matrix",
    "irn",
    "voc12_fma",
    "voc12_irn",
    "voc12_mixed_irn_masks",
    "voc12_psa_vgg16",
    "my_psa",
)
"""Experiments that pages look at, beside `photos`."""
CLASSES = ("cat", "dog", "person")
IRN_STAGES = {
    "ir_labels": {"kind": "affinity_labels", "method": "ir_label", "splits": ["train"], "inputs": {"cams": "cams"}},
    "boundaries": {
        "kind": "affinity",
        "method": "irnet",
        "network": "small",
        "epochs": 1,
        "batch": 4,
        "crop": 80,
        "inputs": {"classifier": "classifier"},
    },
    "instances": {"kind": "instances", "method": "boundary_walk", "log2_steps": 2, "inputs": {"cams": "cams"}},
    "seeds_sharp": {"like": "seeds"},
}
PLACEHOLDERS = ("CONFIG", "COMMAND", "EXPERIMENT", "STAGE", "[--")


NEEDING_NOTHING = ("fetch", "status", "view")
"""Sub-commands that may be typed alone; of others, pages show the mere name in a list."""


def of(*names: str) -> list[str]:
    return [text for text in SHOWN if text.split()[1] in names and is_whole(text)]


def is_whole(text: str) -> bool:
    _, name, *more = text.split()
    return bool(more or name in NEEDING_NOTHING) and not any(word in text for word in PLACEHOLDERS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the pages' commands are typed. Do not change it: take a copy."""
    folder = tmp_path_factory.mktemp("room")
    tags = {f"{number:04d}.jpg": [CLASSES[number % 3], CLASSES[(number + number // 6) % 3]] for number in range(12)}
    tags = {name: sorted(set(found)) for name, found in tags.items()}
    write_photos(folder, tags, CLASSES)
    write_tags(folder / "tags.csv", tags)
    (folder / "masks").rename(folder / "true_masks")
    write_inputs(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = wsss("new", "--images", "photos", "--tags", "tags.csv", "--truth", "true_masks")
    assert result.exit_code == 0, result.output
    make_tiny(folder / "photos.yaml", folder / "results")
    values = yaml.safe_load((folder / "photos.yaml").read_text())
    values["stages"] |= IRN_STAGES
    (folder / "photos.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    run_experiment(folder / "photos.yaml")
    for name in ALIASES:
        copy_results(folder / "results", name)
    return folder


def copy_results(results: Path, name: str) -> None:
    """The results of `photos` under another name, within its files, too."""
    shutil.copytree(results / "photos", results / name)
    for path in (results / name).rglob("*.json"):
        text = path.read_text().replace('"photos/', f'"{name}/')
        path.write_text(text.replace('"experiment": "photos"', f'"experiment": "{name}"'))


def write_inputs(folder: Path) -> None:
    """What the pages' commands read beside `photos`."""
    picture_HW3 = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)
    (folder / "holiday").mkdir()
    for name in ("holiday/1.jpg", "portrait.jpg", "new_photo.jpg", "aerial.tif"):
        Image.fromarray(picture_HW3).save(folder / name)
    video = cv2.VideoWriter(str(folder / "walk.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 5, (64, 48))
    for _ in range(30):
        video.write(picture_HW3)
    video.release()
    (folder / "annotations").mkdir()
    for split in ("train2014", "val2014", "train2017"):
        write_instances(folder / "annotations", split)
    numbers = [*range(1, len(COCO_CLASSES)), 90]
    categories = [{"id": number, "name": name} for number, name in zip(numbers, COCO_CLASSES, strict=True)]
    whole = folder / "annotations/instances_train2017.json"
    whole.write_text(json.dumps({**json.loads(whole.read_text()), "categories": categories}))
    (folder / "data/VOC2012/Annotations").mkdir(parents=True)
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>4</ymax></bndbox>"
    cat = f"<object><name>cat</name>{box}</object>"
    (folder / "data/VOC2012/Annotations/2007_000032.xml").write_text(f"<annotation>{cat}</annotation>")
    for split, image_id in (("train", "2007_000032"), ("val", "2007_000033")):
        write_text(folder / f"data/VOC2012/ImageSets/Segmentation/{split}.txt", f"{image_id}\n")
    mask_HW = np.ones((4, 5), np.uint8)
    (folder / "task/SegmentationClass").mkdir(parents=True)
    Image.fromarray(np.ones((4, 5, 3), np.uint8)).save(folder / "task/SegmentationClass/a.png")
    write_text(folder / "task/labelmap.txt", "cat:1,1,1::\n")
    write_sbd(folder / "data/SBD", {"2008_000002": mask_HW}, {"2008_000003": mask_HW})
    for name in ("predictions", "SegmentationClass"):
        (folder / name).mkdir()
        Image.fromarray(np.ones((4, 5), np.uint8)).save(folder / name / "a.png")
    (folder / "val.txt").write_text("a\n")
    (folder / "names.txt").write_text("\n".join(CLASSES) + "\n")
    shutil.copytree(folder / "SegmentationClass", folder / "masks")
    shutil.copytree(ROOT / "config", folder / "config", ignore=shutil.ignore_patterns("test", "*.json"))
    quickstart = (folder / "config/quickstart.yaml").read_text()
    (folder / "config/my.yaml").write_text(quickstart)
    psa = (
        (folder / "config/voc12_psa_vgg16.yaml")
        .read_text()
        .replace("experiment: voc12_psa_vgg16", "experiment: my_psa")
    )
    sharp = "  seeds_sharp: {like: seeds}\n"
    (folder / "my_psa.yaml").write_text(psa.rstrip("\n") + "\n" + sharp)


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the room to type a command in."""
    folder = shutil.copytree(made, tmp_path / "room")
    monkeypatch.chdir(folder)
    return folder


def wsss(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(words), input=stdin)


def typed(text: str, *more: str, stdin: str | None = None) -> Result:
    """Run a command as a page writes it."""
    return wsss(*shlex.split(text, comments=True)[1:], *more, stdin=stdin)


def check_written(folder: Path, text: str) -> None:
    """The files that a command names by its options are there."""
    words = shlex.split(text, comments=True)
    for option, name in pairwise(words):
        if option in ("--out", "--csv", "--page"):
            assert (folder / name).exists(), name


@pytest.mark.parametrize("text", of("export"))
def test_export(here: Path, text: str) -> None:
    if "onnx" in text:
        pytest.importorskip("onnxscript")
    result = typed(text)
    if "fma-npz" in text:  # the CAMs of the room have two scales, those of CLIP one: their files are tested elsewhere
        assert result.exit_code == 2, result.output
        assert "expected CAMs of one scale" in result.output
        return
    assert result.exit_code == 0, result.output
    check_written(here, text)


@pytest.mark.parametrize("text", of("predict"))
def test_predict(here: Path, text: str) -> None:
    result = typed(text, stdin="portrait.jpg\n")
    assert result.exit_code == 0, result.output
    assert "images labelled" in result.output
    check_written(here, text)


@pytest.mark.parametrize("text", of("compare"))
def test_compare(here: Path, text: str) -> None:
    if ".yaml" in text:  # a configuration stands for results in the checkout
        result = typed(text)
        assert result.exit_code == (0 if (ROOT / "results" / Path(text.split()[2]).stem).is_dir() else 2), result.output
        return
    result = typed(text)
    assert result.exit_code == 0, result.output
    assert "in per cent" in result.output
    check_written(here, text)


@pytest.mark.parametrize("text", of("sanity"))
def test_sanity(here: Path, text: str) -> None:
    result = typed(text)
    assert result.exit_code in (0, 1), result.output
    assert "going on" in result.output


@pytest.mark.parametrize("text", of("evaluate", "coco", "masks", "sbd", "tags"))
def test_tools_for_files_of_others(here: Path, text: str) -> None:
    result = typed(text)
    assert result.exit_code == 0, result.output
    check_written(here, text)


@pytest.mark.parametrize("text", of("new"))
def test_new(here: Path, text: str) -> None:
    for place in ("photos.yaml", "weights"):
        shutil.rmtree(here / place) if (here / place).is_dir() else (here / place).unlink(missing_ok=True)
    (here / "weights").mkdir()
    (here / "weights/resnet50-0676ba61.pth").touch()
    result = typed(text)
    assert result.exit_code == 0, result.output
    assert (here / "photos.yaml").is_file()


@pytest.mark.parametrize("text", of("fetch"))
@pytest.mark.usefixtures("here")
def test_fetch_without_the_network(text: str) -> None:
    names_files = len([word for word in text.split()[2:] if not word.startswith("-")]) > 0
    result = typed(text, *(["--offline"] if names_files and "--offline" not in text else []))
    assert result.exit_code in (0, 1), result.output
    assert "licence" in result.output


@pytest.mark.parametrize("text", of("status"))
@pytest.mark.usefixtures("here")
def test_status(text: str) -> None:
    result = typed(text)
    assert result.exit_code in (0, 1, 2), result.output
    assert result.output.strip()
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("text", of("view"))
def test_view(here: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copyfile(here / "results/photos/report/report.html", here / "both.html")

    class Server(SimpleNamespace):
        def __enter__(self) -> "Server":
            return self

        def __exit__(self, *_: object) -> None: ...

        def serve_forever(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(view_command, "server", lambda pages, port: Server(server_port=port))
    result = typed(text)
    assert result.exit_code == 0, result.output
    assert f"http://127.0.0.1:{9000 if '9000' in text else 8000}/" in result.output


@pytest.mark.parametrize("text", of("doctor"))
@pytest.mark.usefixtures("here")
def test_doctor(text: str) -> None:
    result = typed(text)
    mine = "photos.yaml" in text or "quickstart" in text
    assert result.exit_code == (0 if mine else 1), result.output
    assert mine or "data/" in result.output
    assert result.output.startswith("ok ")


@pytest.mark.parametrize("text", of("run"))
def test_run_hands_over_to_snakemake(here: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[list[str]] = []

    class Replaced(Exception):
        """Stands for the end of this process."""

    def execve(_path: str, command: list[str], _environment: dict[str, str]) -> None:
        handed.append(command)
        raise Replaced

    monkeypatch.setattr(run_command.os, "execve", execve)
    monkeypatch.setattr(run_command, "refuse_orphans", lambda _root: None)
    monkeypatch.setattr(run_command, "wait_for_controller", lambda *_: None)
    monkeypatch.setattr(run_command.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0))
    result = typed(text)
    if isinstance(result.exception, Replaced):
        assert "snakemake" in handed[0]
    elif "--gate" in text:
        assert "going on is pointless" in result.output
    else:
        assert result.exit_code == 2
        assert "VOC2012" in result.stderr or "data" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("text", of("plan"))
@pytest.mark.usefixtures("here")
def test_plan(text: str) -> None:
    result = typed(text)
    if "photos" in text or "quickstart" in text or "config/my" in text:
        assert result.exit_code == 0, result.output
        assert "segmenter" in result.output
    else:
        assert result.exit_code != 0
        assert "VOC2012" in result.output


def test_every_command_is_run_by_a_test() -> None:
    run = of(
        *(
            "export",
            "predict",
            "compare",
            "sanity",
            "evaluate",
            "coco",
            "masks",
            "sbd",
            "tags",
            "new",
            "fetch",
            "status",
            "view",
        ),
        *("doctor", "run", "plan"),
    )
    assert [text for text in SHOWN if text not in run and is_whole(text)] == []


def test_the_results_of_the_room_are_whole(made: Path) -> None:
    about = json.loads((made / "results/irn/instances/stage.json").read_text())
    assert about["experiment"] == "irn"
    assert about["inputs"]["cams"] == "irn/cams"
