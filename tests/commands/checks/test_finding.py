from wsss_core.commands.checks.finding import Finding, ok


def test_lines_begin_with_the_level_and_end_with_the_remedy() -> None:
    assert Finding("warning", "first\nsecond", "do this").lines() == [
        "warning  first",
        "         second",
        "         To do: do this.",
    ]


def test_an_ok_needs_no_remedy() -> None:
    assert ok("fine").lines() == ["ok       fine"]
