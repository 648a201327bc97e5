"""Every command that README and docs write exists, with its options, files and stages."""

import importlib.util
import re
import shlex

import click
import pytest
import yaml
from documentation.pages import ROOT, Command, commands
from snakemake.cli import get_argument_parser

from wsss_core import cli

COMMANDS = sorted({(command.program, command.text, command.shown, command.page) for command in commands()})
PLACEHOLDERS = {"CONFIG", "FOLDER", "EXPERIMENT", "EXPERIMENT/STAGE", "STAGE", "N", "COMMAND", "..."}
INVENTED = {"config/my.yaml"}
"""Names that stand for the reader's own file."""
OWN = {"photos", "my_psa", "irn"}
"""Experiments of the reader; all others that pages name must have a configuration."""
NAMING_RESULTS = ("export", "compare", "predict", "sanity")


def of(program: str) -> list[str]:
    return sorted({text for name, text, _, _ in COMMANDS if name == program})


def words_of(text: str) -> list[str]:
    """Words as a shell splits them, without the brackets of what may be left out."""
    return [word.strip("[]") for word in shlex.split(text, comments=True)]


def is_whole(text: str) -> bool:
    """Whether the command is to be typed as it is; the mere name of one in a list is not."""
    return len(text.split()) > 2 and any(shown for _, found, shown, _ in COMMANDS if found == text)


def sub_command(name: str) -> click.Command:
    found = cli.main.get_command(click.Context(cli.main), name)
    assert found is not None, name
    return found


def values(command: click.Command, words: list[str], whole: bool) -> dict:
    """What click makes of the words: parameter -> text. Raises for an unknown option; where the command is not whole,
    as in "see `wsss export`", nothing is missing."""
    try:
        found = command.make_parser(click.Context(command)).parse_args(list(words))[0]
    except (click.MissingParameter, click.BadOptionUsage):
        if whole:
            raise
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str | bool | tuple)}


def test_pages_have_commands_of_every_program() -> None:
    assert {"wsss", "make", "snakemake", "python", "pytest"} <= {name for name, *_ in COMMANDS}
    assert len(of("wsss")) > 60


@pytest.mark.parametrize("text", of("wsss"))
def test_wsss_knows_the_command_and_its_options(text: str) -> None:
    _, *words = words_of(text)
    words = [word for word in words if word != "--debug"]
    if words and words[0] not in PLACEHOLDERS and words[0] != "--help":
        command = sub_command(words[0])
        ours = words[1 : words.index("--")] if "--" in words else words[1:]
        options = values(command, [word for word in ours if word not in ("--help", "...")], is_whole(text))
        check_choices(command, options)
        if is_whole(text):
            check_arguments(command, options)


def check_choices(command: click.Command, options: dict) -> None:
    for parameter in command.params:
        given = options.get(str(parameter.name))
        if (
            given is not None
            and isinstance(parameter.type, click.Choice | click.IntRange)
            and given not in PLACEHOLDERS
        ):
            parameter.type.convert(given, parameter, None)


def check_arguments(command: click.Command, options: dict) -> None:
    for parameter in command.params:
        if parameter.required:
            assert options.get(str(parameter.name)) not in (None, ()), f"{parameter.name} is missing"


@pytest.mark.parametrize("text", sorted({text for _, text, _, _ in COMMANDS if "config/" in text}))
def test_configurations_and_their_stages_exist(text: str) -> None:
    for name in set(re.findall(r"config/[\w./]+\.ya?ml", text)) - INVENTED:
        assert (ROOT / name).is_file(), name
        stages = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))["stages"]
        until = re.search(r"--until (\w+)", text)
        assert until is None or until[1] in stages, f"{name} has no stage {until and until[1]}"


@pytest.mark.parametrize("text", of("wsss"))
def test_experiments_and_stages_that_results_are_asked_of_exist(text: str) -> None:
    _, *words = words_of(text)
    if not words or words[0] not in NAMING_RESULTS:
        return
    options = values(sub_command(words[0]), [word for word in words[1:] if word != "..."], is_whole(text))
    named = [*(options.get(key) for key in ("experiment", "stage", "reference")), *(options.get("references") or ())]
    for reference in [name for name in named if name and not name.endswith(".yaml") and name not in PLACEHOLDERS]:
        experiment, _, stage = reference.partition("/")
        if experiment not in OWN:
            path = ROOT / "config" / f"{experiment}.yaml"
            assert path.is_file(), f"no configuration of an experiment {experiment!r}"
            assert not stage or stage in yaml.safe_load(path.read_text(encoding="utf-8"))["stages"], reference


@pytest.mark.parametrize("text", of("make"))
def test_make_knows_the_target(text: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    words = words_of(text)[1:]
    for variable in [word.partition("=")[0] for word in words if "=" in word]:
        assert re.search(rf"^{variable} \?=", makefile, re.MULTILINE), variable
    for target in [word for word in words if "=" not in word]:
        assert f"\n{target}:" in makefile, target


@pytest.mark.parametrize("text", of("snakemake"))
def test_snakemake_knows_the_options(text: str) -> None:
    command, _, output = text.partition(">")
    words = [word for word in words_of(command) if "=" not in word][1:]
    parsed, unknown = get_argument_parser().parse_known_args([word for word in words if word != "..."])
    assert unknown == []
    assert not output or output.strip().endswith(".svg")
    profile = parsed.workflow_profile
    assert profile is None or (ROOT / profile / "config.yaml").is_file()


@pytest.mark.parametrize("text", [*of("python"), *of("pytest")])
def test_python_finds_what_it_is_to_run(text: str) -> None:
    words = words_of(text)
    if words[0] == "pytest":
        words = ["python", "-m", *words]
    if words[1] == "-m":
        assert importlib.util.find_spec(words[2]) is not None, words[2]
    elif words[1] != "-c":
        assert (ROOT / words[1]).is_file(), words[1]
    for path in re.findall(r"(?<=\s)tests/\S+", text):
        assert (ROOT / path).exists(), path


def test_a_wrong_option_and_a_wrong_choice_are_found() -> None:
    with pytest.raises(click.UsageError):
        test_wsss_knows_the_command_and_its_options("wsss run CONFIG --untill STAGE")
    with pytest.raises(click.UsageError):
        test_wsss_knows_the_command_and_its_options("wsss export photos/seeds --format voc")
    with pytest.raises(AssertionError):
        test_wsss_knows_the_command_and_its_options("wsss runn")


def test_all_sub_commands_are_shown_somewhere() -> None:
    shown = {words_of(text)[1] for text in of("wsss") if len(words_of(text)) > 1}
    assert set(cli.SUBCOMMANDS) <= shown


def test_remarks_prompts_and_pipes_are_told_from_commands() -> None:
    from documentation.pages import commands_of

    lines = [
        "    $ wsss plan a.yaml \\",
        "        --until seeds     why",
        "    find . | wsss predict photos -   # from stdin",
    ]
    page = "\n".join([*lines, "`make run` and `A=1 snakemake x`"])
    assert [(command.text, command.shown) for command in commands_of("p", page)] == [
        ("wsss plan a.yaml --until seeds", True),
        ("wsss predict photos -", True),
        ("make run", False),
        ("A=1 snakemake x", False),
    ]
    assert Command("p", "A=1 snakemake x", False).program == "snakemake"
