import sys

import pytest

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.data.faults import DataError
from wsss_core.settings.base import SettingsError
from wsss_core.stages.command import EXIT_USER_ERROR, plain_errors
from wsss_core.stages.device import prepare_device
from wsss_core.stages.errors import StageError, is_for_users


@pytest.mark.parametrize(
    "error",
    [
        SettingsError("stage 'x': unknown key"),
        ArtifactError("cannot write it"),
        DataError("no image"),
        FileNotFoundError("part 3 does not exist"),
        PermissionError("not yours"),
        StageError("image 'a': broken"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_for_the_user_end_as_one_text_and_status_2(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    @plain_errors
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == EXIT_USER_ERROR
    assert capsys.readouterr().err == f"error: {error}\n"


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), TypeError("x"), MemoryError("x")])
def test_bugs_keep_their_traceback(error: Exception) -> None:
    @plain_errors
    def command() -> None:
        raise error

    with pytest.raises(type(error)):
        command()


def test_a_stage_error_is_for_the_user_when_its_cause_is() -> None:
    for cause, expected in [(DataError("no tag"), True), (IndexError("bug"), False)]:
        error = StageError("image 'a'")
        error.__cause__ = cause
        assert is_for_users(error) is expected


def test_a_command_that_works_ends_as_usual_with_its_arguments() -> None:
    seen: list[object] = []

    @plain_errors
    def command(number: int, *, word: str) -> None:
        """Documented."""
        seen.extend([number, word])

    command(1, word="a")
    assert seen == [1, "a"]
    assert command.__doc__ == "Documented."


def test_auto_takes_cuda_when_there_is_one_else_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, expected in [(True, "cuda"), (False, "cpu")]:
        monkeypatch.setattr("torch.cuda.is_available", lambda there=there: there)
        assert prepare_device("auto", 1) == expected


def test_a_method_that_has_not_loaded_torch_gets_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    assert prepare_device("cuda", 1) == "cpu"


def test_cuda_that_is_not_there_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SettingsError, match=r"device 'cuda:1' is asked for, .* use auto or cpu"):
        prepare_device("cuda:1", 1)
    assert prepare_device("cpu", 1) == "cpu"


def test_a_card_that_is_not_there_is_refused_before_the_work_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert prepare_device("cuda:1", 1) == "cuda:1"
    with pytest.raises(SettingsError, match=r"device 'cuda:2' is asked for, but torch sees 2 CUDA devices"):
        prepare_device("cuda:2", 1)
