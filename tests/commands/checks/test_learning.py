"""The gate says in words when going on is pointless, and stays quiet when it is not."""

import pytest

from wsss_core.commands.checks.finding import Finding
from wsss_core.commands.checks.learning import TagFigures, judge

GOOD = TagFigures(0.9, 0.3, (0.1, 0.2, 0.3))
GUESS = TagFigures(0.32, 0.3, (0.1, 0.2))
EVERYTHING = TagFigures(0.9, 0.3, (0.95, 1.0))
NOTHING = TagFigures(0.9, 0.3, (0.0, 0.001))


def said(findings: list[Finding]) -> str:
    return "\n".join(line for finding in findings for line in finding.lines())


def test_good_figures_need_nothing() -> None:
    findings = judge({"cat": GOOD, "dog": GOOD})
    assert {finding.level for finding in findings} == {"ok"}
    assert findings[-1].text == "going on makes sense"


@pytest.mark.parametrize(
    ("failed", "words"),
    [(GUESS, "dog (AP 0.32, guessing 0.30)"), (EVERYTHING, "dog (97.5%)"), (NOTHING, "dog (0.1%)")],
)
def test_a_failed_class_is_named_and_the_others_go_on(failed: TagFigures, words: str) -> None:
    findings = judge({"cat": GOOD, "dog": failed, "cow": GOOD})
    assert words in said(findings)
    assert findings[-1].level == "warning"
    assert "makes sense for 2 of 3 classes; expect no masks of: dog" in findings[-1].text


def test_more_than_half_failed_is_pointless() -> None:
    assert judge({"cat": GUESS, "dog": NOTHING, "cow": GOOD})[-1].level == "fault"
    assert "going on is pointless: 2 of 3" in judge({"cat": GUESS, "dog": NOTHING, "cow": GOOD})[-1].text
    assert judge({"cat": GUESS, "dog": GOOD})[-1].level == "warning"


def test_a_class_on_every_image_has_no_lift_and_is_named() -> None:
    always = TagFigures(1.0, 1.0, (0.2,))
    assert always.lift is None
    assert "every held-back image has cat" in said(judge({"cat": always}))


def test_without_held_back_images_or_cams_that_is_said() -> None:
    text = said(judge({"cat": TagFigures(None, 0.0, ())}))
    assert "no image was held back" in text
    assert "the CAMs are not made yet" in text
