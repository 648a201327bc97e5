from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from stages.stage_room import REQUEST, SIZE_HW, cam_row, changed, make_results

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.parts import PartReader
from wsss_core.cams import multiscale
from wsss_core.data.faults import DataError
from wsss_core.seeds import argmax
from wsss_core.stages.context import Processor, StageContext, typed_row
from wsss_core.stages.errors import StageError, is_for_users
from wsss_core.stages.part_files import part_path
from wsss_core.stages.per_image import rows_of, run_part


def context_of(results: Path, **changes: object) -> StageContext:
    return changed(**changes).context(results, "cpu", 1, 0)


def run(results: Path, part: int, **changes: object) -> Path:
    context = context_of(results, **changes)
    output = part_path(context.folder, part)
    run_part(context, part, output)
    return output


def test_a_part_holds_a_row_for_every_image_of_the_part(tmp_path: Path) -> None:
    context = context_of(make_results(tmp_path))
    assert run_part(context, 1, part_path(context.folder, 1)) == 2
    assert PartReader(part_path(context.folder, 1)).ids() == ("c", "d")


def test_the_processor_gets_the_rows_of_the_image(tmp_path: Path) -> None:
    make_results(tmp_path)
    for part in (0, 1):
        run(tmp_path, part)
    rows = list(rows_of(tmp_path / "x/seeds", "seeds"))
    assert [row.image_id for row in rows] == ["a", "b", "c", "d"]
    expected = (cam_row("a").scores()[0] > 0.5).astype(np.uint8)
    for row in rows:
        assert isinstance(row, LabelRow)
        assert np.array_equal(row.label_HW, expected)


def test_running_a_part_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    output = run(make_results(tmp_path), 0)
    first = output.read_bytes()
    assert run(tmp_path, 0).read_bytes() == first


def test_skipped_images_are_left_out(tmp_path: Path) -> None:
    output = run(make_results(tmp_path, skipped={0: "zero bytes"}), 0)
    assert PartReader(output).ids() == ("b",)


def test_a_part_whose_images_are_all_skipped_loads_no_network_and_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_results(tmp_path, skipped={0: "zero bytes", 1: "zero bytes"})
    monkeypatch.delattr(argmax, "processor")
    assert PartReader(run(tmp_path, 0)).ids() == ()


def test_only_images_of_the_splits_are_made(tmp_path: Path) -> None:
    assert PartReader(run(make_results(tmp_path), 0, splits=["val"])).ids() == ()


def failing(error: Exception) -> object:
    def processor(context: StageContext) -> Processor:
        def process(record: ImageRecord, rows: Mapping[str, Row]) -> Row:
            if record.image_id == "b":
                raise error
            return LabelRow(record.image_id, np.zeros(SIZE_HW, np.uint8))

        return process

    return processor


@pytest.mark.parametrize(("error", "plain"), [(DataError("its tag is unknown"), True), (KeyError("bug"), False)])
def test_an_image_that_fails_is_named_and_nothing_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, plain: bool
) -> None:
    make_results(tmp_path)
    monkeypatch.setattr(argmax, "processor", failing(error))
    with pytest.raises(StageError, match=r"stage x/seeds, image 'b' \(b\.jpg\)") as caught:
        run(tmp_path, 0)
    assert str(error) in str(caught.value)
    assert is_for_users(caught.value) is plain
    assert list((tmp_path / "x/seeds").rglob("*.arrow")) == []


def test_an_image_that_the_input_lacks_is_named(tmp_path: Path) -> None:
    make_results(tmp_path, skipped={1: "was bad when the cams were made"})
    cams = (tmp_path / "x/cams/parts/00000.arrow").read_bytes()
    make_results(tmp_path)
    (tmp_path / "x/cams/parts/00000.arrow").write_bytes(cams)
    with pytest.raises(StageError, match="image 'b' is not in part"):
        run(tmp_path, 0)


def test_a_missing_input_part_says_what_to_run(tmp_path: Path) -> None:
    make_results(tmp_path)
    (tmp_path / "x/cams/parts/00000.arrow").unlink()
    with pytest.raises(FileNotFoundError, match="run the stage that makes it first"):
        run(tmp_path, 0)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_cams_are_stored_in_the_number_format_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    make_results(tmp_path)
    monkeypatch.setattr(multiscale, "processor", lambda context: lambda record, rows: cam_row(record.image_id))
    output = run(
        tmp_path,
        0,
        stage="again",
        kind="cams",
        method="multiscale",
        settings={"dtype": dtype},
        inputs={"data": "x/data"},
        input_kinds={"data": "data"},
    )
    assert PartReader(output)["a"]["dtype"] == dtype


def test_a_row_of_another_kind_is_a_bug_with_a_clear_text() -> None:
    rows = {"cams": LabelRow("a", np.zeros(SIZE_HW, np.uint8))}
    with pytest.raises(TypeError, match="input 'cams': expected CamRow, found LabelRow"):
        typed_row(rows, "cams", CamRow)
    assert typed_row(rows, "cams", LabelRow) is rows["cams"]


def test_part_files_are_numbered_with_five_digits() -> None:
    assert part_path(Path("r/x/seeds"), 7) == Path("r/x/seeds/parts/00007.arrow")


def test_the_folder_of_the_stage_is_that_of_the_request(tmp_path: Path) -> None:
    assert context_of(tmp_path).folder == tmp_path / REQUEST.experiment / REQUEST.stage


def test_a_missing_weight_file_is_not_called_a_failure_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_weights(context: StageContext) -> Processor:
        raise FileNotFoundError("weights net.pth do not exist; put them there")

    monkeypatch.setattr(argmax, "processor", no_weights)
    with pytest.raises(FileNotFoundError, match=r"net\.pth do not exist"):
        run(make_results(tmp_path), 0)
    assert not part_path(tmp_path / "x/seeds", 0).exists()
