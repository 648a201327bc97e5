"""What all workflow scripts share: user errors end as plain text, not as a traceback."""

import functools
import sys
from collections.abc import Callable
from typing import NoReturn, ParamSpec

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.settings.base import SettingsError

P = ParamSpec("P")

EXIT_USER_ERROR = 2


def plain_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Decorator: settings, file and artifact errors end as one text and exit status 2; bugs keep their traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (SettingsError, ArtifactError, FileNotFoundError, PermissionError) as error:
            _fail(error)

    return wrapped


def _fail(error: Exception) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    raise SystemExit(EXIT_USER_ERROR) from error
