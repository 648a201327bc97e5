import os
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from stages.stage_room import REQUEST, make_results

from wsss_core.settings.seeds import ArgmaxSettings
from wsss_core.stages.context import StageContext
from wsss_core.stages.run_key import run_key


@pytest.fixture
def context(tmp_path: Path) -> StageContext:
    return REQUEST.context(make_results(tmp_path), "cpu", 1, 0)


def test_nothing_changed_means_the_same_key(context: StageContext) -> None:
    assert run_key("order", "code", context) == run_key("order", "code", context)


def test_order_and_code_change_the_key(context: StageContext) -> None:
    assert (
        len({run_key("order", "code", context), run_key("other", "code", context), run_key("order", "x", context)}) == 3
    )


@pytest.mark.parametrize("file", ["x/cams/parts/00001.arrow", "x/data/manifest.arrow"])
def test_an_input_made_anew_changes_the_key(context: StageContext, tmp_path: Path, file: str) -> None:
    before = run_key("order", "code", context)
    os.utime(tmp_path / file, ns=(0, 0))
    assert run_key("order", "code", context) != before


def test_a_part_of_another_split_that_is_made_meanwhile_does_not_matter(context: StageContext, tmp_path: Path) -> None:
    before = run_key("order", "code", context)
    (tmp_path / "x/cams/parts/00002.arrow").touch()
    assert run_key("order", "code", context) == before


def test_an_input_network_changes_the_key(context: StageContext, tmp_path: Path) -> None:
    before = run_key("order", "code", context)
    (tmp_path / "x/cams/model.safetensors").touch()
    assert run_key("order", "code", context) != before


def test_the_notes_of_an_upstream_stage_do_not_matter(context: StageContext, tmp_path: Path) -> None:
    before = run_key("order", "code", context)
    (tmp_path / "x/cams/stage.json").write_text("{}")
    assert run_key("order", "code", context) == before


def test_other_pretrained_weights_change_the_key(context: StageContext, tmp_path: Path) -> None:
    class WithWeights(ArgmaxSettings):
        weights: Path | None = None

    @dataclass(frozen=True)
    class Changed(StageContext):
        pass

    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"one")
    trained = Changed(**{**vars(context), "settings": WithWeights(weights=weights)})
    before = run_key("order", "code", trained)
    weights.write_bytes(b"other")
    assert run_key("order", "code", trained) != before


def test_weights_may_be_the_folder_of_a_network(context: StageContext, tmp_path: Path) -> None:
    class WithWeights(ArgmaxSettings):
        weights: Path | None = None

    (tmp_path / "network").mkdir()
    trained = replace(context, settings=WithWeights(weights=tmp_path / "network"))
    before = run_key("order", "code", trained)
    (tmp_path / "network/model.safetensors").write_bytes(b"one")
    assert run_key("order", "code", trained) != before
