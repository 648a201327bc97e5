"""Remarks at the top of the page."""

from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.report.figures import SplitFigures, StageFigures
from wsss_core.report.notes import collect_notes

EMPTY = Manifest(("background", "cat"), (), "", "")
SPLITS = {"train": SplitFigures("train", 1, 0.5, {}), "val": SplitFigures("val", 1, 0.5, {})}


def test_tags_as_input_are_said_once_loudly_with_all_stages() -> None:
    stages = [
        StageFigures(name, name, "m", SPLITS, tags_used_as_input=name != "predictions")
        for name in ("cams", "seeds", "predictions")
    ]
    (note,) = collect_notes(stages, EMPTY)
    assert note.loud
    assert "cams, seeds were made with the tags" in note.text
    assert "(train, val)" in note.text
    assert "predictions" not in note.text


def test_without_tags_as_input_there_is_no_such_remark() -> None:
    assert collect_notes([StageFigures("predictions", "predictions", "m", SPLITS)], EMPTY) == []


def test_a_protocol_mismatch_is_loud_once_for_all_stages_and_a_match_is_quiet() -> None:
    protocol = {
        "val": {"name": "voc12-val-1449", "matches": False, "message": "expected 1449 images, found 130."},
        "train": {"name": "voc12-train-1464", "matches": True, "message": "fits."},
    }
    notes = collect_notes([StageFigures(name, name, "m", SPLITS, protocol=protocol) for name in "ab"], EMPTY)
    assert [(note.loud, "val" in note.text) for note in notes] == [(True, True), (False, False)]
    assert notes[0].text == "Protocol mismatch on split val: expected 1449 images, found 130."


def test_the_manifests_remarks_and_skipped_images_are_quiet() -> None:
    skipped = ImageRecord("a", "a.jpg", 0, 0, ("train",), 0, skipped="an empty file")
    notes = collect_notes([], Manifest(("background",), (skipped,), "XML files", "d", ("3 tags disagree.",)))
    assert [note.text for note in notes] == [
        "Tags come from: XML files.",
        "Bad images left out: 1; they are listed below.",
        "3 tags disagree.",
    ]
    assert not any(note.loud for note in notes)


def test_remarks_of_a_stage_carry_its_name_and_come_after_loud_ones() -> None:
    stage = StageFigures("cams", "cams", "m", SPLITS, tags_used_as_input=True, notes=("at the end of the curve",))
    notes = collect_notes([stage], EMPTY)
    assert [note.loud for note in notes] == [True, False]
    assert notes[1].text == "cams: at the end of the curve"
