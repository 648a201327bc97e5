import json
from pathlib import Path

import pytest
from stages.stage_room import REQUEST, changed, make_results

from wsss_core.settings.base import SettingsError
from wsss_core.settings.cams import MultiscaleCamsSettings
from wsss_core.settings.seeds import ArgmaxSettings
from wsss_core.stages.request import Request


def test_a_request_survives_its_text() -> None:
    assert Request.from_json(REQUEST.to_json()) == REQUEST


def test_the_text_is_one_line_that_does_not_depend_on_the_order_of_the_fields() -> None:
    text = REQUEST.to_json()
    assert "\n" not in text
    assert Request.from_json(json.dumps(dict(reversed(json.loads(text).items())))).to_json() == text


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"splits": ["a"]}', '{"splits": 3}'])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="not a stage request"):
        Request.from_json(text)


def test_settings_are_typed_by_the_method() -> None:
    assert REQUEST.typed_settings() == ArgmaxSettings(threshold=0.5)


def test_settings_that_the_method_does_not_know_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"stage 'seeds': unknown key 'treshold'"):
        changed(settings={"treshold": 1}).typed_settings()


def test_settings_that_do_not_matter_to_the_result_are_added_when_the_job_runs() -> None:
    asked = changed(settings={})
    assert asked.with_settings('{"threshold": 0.25}').typed_settings() == ArgmaxSettings(threshold=0.25)
    assert asked.with_settings("{}") == asked
    assert asked.settings == {}


@pytest.mark.parametrize("text", ["", "no json", "[1]", "3"])
def test_added_settings_must_be_a_json_object(text: str) -> None:
    with pytest.raises(SettingsError, match="expected settings as a JSON object"):
        REQUEST.with_settings(text)


def test_the_context_holds_folders_and_the_share_of_the_machine(tmp_path: Path) -> None:
    context = REQUEST.context(make_results(tmp_path), "cpu", 2, 1)
    assert context.inputs == {"cams": tmp_path / "x/cams", "data": tmp_path / "x/data"}
    assert (context.device, context.threads, context.workers, context.seed) == ("cpu", 2, 1, 3)
    assert context.splits == ("train",)
    assert [record.image_id for record in context.manifest.records] == ["a", "b", "c", "d"]


def test_settings_of_another_model_are_a_bug_with_a_clear_text(tmp_path: Path) -> None:
    context = REQUEST.context(tmp_path, "cpu", 1, 0)
    assert context.typed_settings(ArgmaxSettings).threshold == 0.5
    with pytest.raises(TypeError, match="stage 'seeds': expected MultiscaleCamsSettings, found ArgmaxSettings"):
        context.typed_settings(MultiscaleCamsSettings)
