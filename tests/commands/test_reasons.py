import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.commands.reasons import explain


def params(before: str, now: str) -> str:
    return (
        "Params have changed since last execution: Union of exclusive params before and now across all output: "
        f"before: {before} now: {now} "
    )


def request(**settings: object) -> str:
    return repr(json.dumps({"seed": 0, "settings": settings, "stage": "seeds"}, sort_keys=True))


@pytest.mark.parametrize(
    ("reason", "sentences"),
    [
        ("Missing output files: results/demo/seeds/parts/00000.arrow", ["not made yet"]),
        (
            "Missing output files: results/demo/seeds/x; Input files updated by another job: results/demo/cams/x",
            ["not made yet"],
        ),
        ("Incomplete output files: results/demo/seeds/x", ["a run was interrupted while it was being made"]),
        (
            "Input files updated by another job: results/demo/cams/a, results/demo/cams/b, results/other/regions/c",
            ["follows cams, other/regions"],
        ),
        ("Updated input files: results/demo/data/manifest.arrow", ["input is newer: data"]),
        ("Updated input files: photos/tags.csv", ["input is newer: photos/tags.csv"]),
        ("Set of input files has changed since last execution", ["its set of input files changed"]),
        ("Code has changed since last execution", ["the command of its rule changed"]),
        ("Forced execution", ["asked for, or interrupted the last time"]),
        ("A reason of a later Snakemake", ["A reason of a later Snakemake"]),
    ],
)
def test_every_reason_has_plain_words(reason: str, sentences: list[str]) -> None:
    assert explain(reason, "results", "demo") == sentences


def test_a_changed_setting_is_named_with_both_values() -> None:
    reason = params(request(threshold=0.3, confidence=False), request(threshold=0.25, confidence=False))
    assert explain(reason, "results", "demo") == ["settings changed: threshold 0.3 -> 0.25"]


def test_nested_new_and_dropped_settings_are_told_apart() -> None:
    reason = params(request(crf={"steps": 5}, old=1), request(crf={"steps": 10}, new="slic"))
    assert explain(reason, "results", "demo") == ["settings changed: crf.steps 5 -> 10, old is gone, new slic is new"]


def test_changed_code_is_not_called_a_changed_setting() -> None:
    assert explain(params("'0123456789ab'", "'ba9876543210'"), "results", "demo") == ["code changed"]


def test_changed_code_and_settings_are_both_told() -> None:
    reason = params(f"'0123456789ab',{request(steps=1)}", f"{request(steps=2)},'ba9876543210'")
    assert explain(reason, "results", "demo") == ["settings changed: steps 1 -> 2", "code changed"]


def test_two_reasons_are_both_told() -> None:
    reason = f"Input files updated by another job: results/demo/cams/x; {params(request(a=1), request(a=2))}"
    assert explain(reason, "results", "demo") == ["follows cams", "settings changed: a 1 -> 2"]


def test_a_semicolon_inside_a_setting_does_not_split_the_reason() -> None:
    reason = params(request(separator="; "), request(separator=", "))
    assert explain(reason, "results", "demo") == ["settings changed: separator ;  -> , "]


@pytest.mark.parametrize("text", ["<function f at 0x7f>", "'unclosed", ""])
def test_params_that_cannot_be_read_are_still_reported(text: str) -> None:
    assert explain(params(text, text), "results", "demo") == ["settings changed"]


def test_a_param_that_is_only_new_is_reported() -> None:
    assert explain(params("<nothing exclusive>", "'x'"), "results", "demo") == ["settings changed"]


def test_long_lists_of_changes_are_cut() -> None:
    before, now = ({f"key{n}": value for n in range(9)} for value in (0, 1))
    [sentence] = explain(params(request(**before), request(**now)), "results", "demo")
    assert sentence.endswith("and 5 more")


@given(st.dictionaries(st.sampled_from("abc"), st.integers() | st.text("xy; :'\"", max_size=4), min_size=1))
def test_any_settings_text_gives_one_sentence(settings: dict[str, object]) -> None:
    reason = params(request(**settings), request(**settings, other=1))
    assert explain(reason, "results", "demo") == ["settings changed: other 1 is new"]
