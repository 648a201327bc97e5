import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.cli import main
from wsss_core.commands.photographs import Photograph, find_photographs, views
from wsss_core.commands.predict import describe
from wsss_core.commands.trained_segmenter import trained_segmenter
from wsss_core.data.labels import read_label_png
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.settings.base import SettingsError
from wsss_core.settings.one_stage import OneStagePredictionsSettings
from wsss_core.settings.predictions import MultiscalePredictionsSettings

CLASSES = ("cat", "dog")


def write_stage(folder: Path, kind: str, seconds: int, **about: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "stage.json"
    path.write_text(json.dumps({"kind": kind, "settings": {}, "inputs": {}, **about}))
    os.utime(path, (seconds, seconds))
    return folder


def write_segmenter(folder: Path, seconds: int = 100) -> Path:
    card = NetworkCard("segmenter", "small", CLASSES, IMAGENET_RGB, architecture="deeplab_v3plus")
    torch.manual_seed(0)
    save_network(folder, card, card.build().state_dict())
    return write_stage(folder, "segmenter", seconds)


@pytest.fixture
def trained(photos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An experiment `pets` with a segmenter and predictions, seen from the folder of its results."""
    monkeypatch.chdir(photos)
    pets = photos / "results/pets"
    write_segmenter(pets / "segmenter")
    settings = MultiscalePredictionsSettings(scales=(1.0,), mirror=False).model_dump(mode="json")
    write_stage(pets / "predictions", "predictions", 200, settings=settings, inputs={"segmenter": "pets/segmenter"})
    return photos


def predict(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["predict", *map(str, arguments)])


def test_every_photograph_gets_labels_and_an_overlay(trained: Path) -> None:
    result = predict("pets", "photos", "--out", "out")
    assert result.exit_code == 0, result.output
    assert "24 of 24 images labelled" in result.output
    label_HW = read_label_png(trained / "out/ein Bild 7.png")
    assert label_HW.shape == (20, 24)
    assert label_HW.max() <= len(CLASSES)
    assert len(list((trained / "out").glob("*.overlay.jpg"))) == 24


def test_overlays_can_be_left_out(trained: Path) -> None:
    assert predict("pets", "photos/ein Bild 1.png", "--no-overlays", "--out", "out").exit_code == 0
    assert [path.name for path in (trained / "out").iterdir()] == ["ein Bild 1.png"]


def test_labels_are_those_of_the_predictions_stage(trained: Path) -> None:
    from wsss_core.artifacts.manifest import ImageRecord, Manifest
    from wsss_core.predictions.multiscale import processor
    from wsss_core.stages.context import StageContext

    path = trained / "photos/ein Bild 2.png"
    record = ImageRecord("2", str(path), 20, 24, ("train",), 0)
    data = trained / "results/pets/data"
    Manifest(("background", *CLASSES), (record,), "none", "none").write(data / "manifest.arrow")
    context = StageContext(
        experiment="pets",
        stage="predictions",
        kind="predictions",
        method="multiscale",
        settings=MultiscalePredictionsSettings(scales=(1.0,), mirror=False),
        inputs={"segmenter": trained / "results/pets/segmenter", "data": data},
        folder=trained / "results/pets/predictions",
        splits=("train",),
    )
    expected_HW = processor(context)(record, {}).label_HW
    predict("pets", path, "--out", "out", "--threads", 1)
    np.testing.assert_array_equal(read_label_png(trained / "out/ein Bild 2.png"), expected_HW)


def test_a_faulty_image_is_named_and_the_others_are_labelled(trained: Path) -> None:
    (trained / "photos/ein Bild 3.png").write_bytes(b"no image")
    result = predict("pets", "photos", "--out", "out")
    assert result.exit_code == 1
    assert "ein Bild 3.png" in result.stderr
    assert "23 of 24 images labelled" in result.output


def test_a_missing_image_stops_before_anything_is_written(trained: Path) -> None:
    result = predict("pets", "photos/ein Bild 1.png", "none.jpg", "--out", "out")
    assert result.exit_code == 2
    assert "none.jpg" in result.stderr
    assert not (trained / "out").exists()


def test_photographs_are_never_overwritten_by_their_labels(trained: Path) -> None:
    photo = trained / "photos/own.png"
    Image.new("RGB", (24, 20)).save(photo)
    before = photo.read_bytes()
    result = predict("pets", "photos/own.png", "--out", "photos/../photos")
    assert result.exit_code == 2
    assert f"{photo.resolve()} would be overwritten by labels; choose another folder with --out" in result.output
    assert photo.read_bytes() == before


def test_a_dense_crf_of_the_stage_is_applied(trained: Path) -> None:
    settings = MultiscalePredictionsSettings(scales=(1.0,), mirror=False, crf={}).model_dump(mode="json")  # type: ignore[arg-type]
    inputs = {"segmenter": "pets/segmenter"}
    write_stage(trained / "results/pets/with_crf", "predictions", 300, settings=settings, inputs=inputs)
    assert trained_segmenter("pets").settings.crf is not None
    assert predict("pets", "photos/ein Bild 1.png", "--out", "out").exit_code == 0


def test_settings_come_from_the_predictions_stage(trained: Path) -> None:
    for reference in ("pets", "pets/predictions", "pets/segmenter", "results/pets"):
        found = trained_segmenter(reference)
        assert found.folder.name == "segmenter"
        assert (found.settings.scales, found.settings_from) == ((1.0,), "pets/predictions")


def test_a_segmenter_without_predictions_takes_the_defaults(trained: Path) -> None:
    write_segmenter(trained / "results/pets/newer", 900)
    found = trained_segmenter("pets/newer")
    assert found.folder.name == "newer"
    assert found.settings == MultiscalePredictionsSettings()
    assert found.settings_from is None


def test_the_newest_predictions_decide_when_no_stage_is_named(trained: Path) -> None:
    write_segmenter(trained / "results/pets/newer", 900)
    inputs = {"segmenter": "pets/newer"}
    write_stage(trained / "results/pets/late", "predictions", 950, inputs=inputs)
    assert trained_segmenter("pets").folder.name == "newer"


def test_other_kinds_are_refused(trained: Path) -> None:
    write_stage(trained / "results/pets/seeds", "seeds", 1)
    with pytest.raises(SettingsError, match="is of kind seeds"):
        trained_segmenter("pets/seeds")


def test_an_experiment_without_segmenter_says_what_to_do(trained: Path) -> None:
    write_stage(trained / "results/cams_only/cams", "cams", 1)
    with pytest.raises(FileNotFoundError, match="no trained segmenter"):
        trained_segmenter("cams_only")


def test_images_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for name in ("a/1.jpg", "a/1.png", "b/1.jpg", "a/sub/1.jpg", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    names = [photo.name for photo in find_photographs([tmp_path / "a", tmp_path / "b/1.jpg"])]
    assert names == ["1", "1.png", "sub%2F1", "1.jpg"]
    repeated = [photo.name for photo in find_photographs([tmp_path / "b/1.jpg"] * 3)]
    assert len(set(repeated)) == 3


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected images"):
        find_photographs([tmp_path])


def test_classes_are_described_by_their_shares() -> None:
    label_HW = np.zeros((10, 20), np.uint8)
    label_HW[:5] = 2
    label_HW[5, :4] = 1
    assert describe(label_HW, CLASSES) == "dog 50 %, cat 2 %"
    assert describe(np.zeros((2, 2), np.uint8), CLASSES) == "only background"


def test_paths_come_from_standard_input(trained: Path) -> None:
    text = "photos/ein Bild 3.png\n\nphotos/ein Bild 4.png\n"
    result = CliRunner().invoke(main, ["predict", "pets", "-", "--out", "out", "--no-overlays"], input=text)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (trained / "out").iterdir()) == ["ein Bild 3.png", "ein Bild 4.png"]


def write_video(path: Path, frames: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 5, (32, 24))
    for number in range(frames):
        writer.write(np.full((24, 32, 3), 40 * number, np.uint8))
    writer.release()
    return path


def test_every_nth_frame_of_a_video_is_labelled(trained: Path) -> None:
    write_video(trained / "walk.avi", 5)
    result = predict("pets", "walk.avi", "--every", 2, "--out", "out", "--no-overlays")
    assert result.exit_code == 0, result.output
    assert "3 of 3 images labelled" in result.output
    assert sorted(path.name for path in (trained / "out").iterdir()) == [
        "walk_000000.png", "walk_000002.png", "walk_000004.png",
    ]  # fmt: skip


def test_frames_are_rgb_and_a_broken_video_is_named(tmp_path: Path) -> None:
    [*pictures] = views(Photograph(write_video(tmp_path / "a.avi", 3), "a"), 1)
    assert [int(view.image_HW3.mean()) for view in pictures] == pytest.approx([0, 40, 80], abs=3)
    (tmp_path / "b.mp4").write_bytes(b"no video")
    with pytest.raises(ValueError, match=r"b\.mp4: expected a video, found no frame"):
        list(views(Photograph(tmp_path / "b.mp4", "b"), 1))


def test_a_large_image_is_labelled_in_tiles(trained: Path) -> None:
    rng = np.random.default_rng(1)
    Image.fromarray(rng.integers(0, 255, (100, 150, 3), np.uint8)).save(trained / "large.png")
    assert predict("pets", "large.png", "--tile", 64, "--out", "out", "--no-overlays").exit_code == 0
    assert read_label_png(trained / "out/large.png").shape == (100, 150)


def test_a_one_stage_network_is_asked_in_its_own_way(trained: Path) -> None:
    folder = trained / "results/pets/one_stage"
    card = NetworkCard("segmenter", "small", CLASSES, IMAGENET_RGB, architecture="ws_fcn")
    save_network(folder, card, card.build().state_dict())
    write_stage(folder, "segmenter", 300)
    assert trained_segmenter("pets/one_stage").settings == OneStagePredictionsSettings()
    settings = {"scales": [1.0], "mirror": False, "canvas": None}
    about = {"method": "one_stage", "settings": settings, "inputs": {"segmenter": "pets/one_stage"}}
    write_stage(trained / "results/pets/labels", "predictions", 400, **about)
    assert trained_segmenter("pets/labels").settings == OneStagePredictionsSettings.parse(settings, "labels")
    result = predict("pets/labels", "photos/ein Bild 1.png", "--no-overlays", "--out", "out")
    assert result.exit_code == 0, result.output
    assert read_label_png(trained / "out/ein Bild 1.png").max() <= len(CLASSES)
