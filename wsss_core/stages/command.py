"""What all workflow scripts share: user errors end as plain text, not as a traceback."""

import functools
import logging
import sys
from collections.abc import Callable
from typing import NoReturn, ParamSpec

from wsss_core.stages.errors import is_for_users

P = ParamSpec("P")

EXIT_USER_ERROR = 2


def plain_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Decorator: errors for the user end as one text and exit status 2; bugs keep their traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
        try:
            command(*args, **kwargs)
        except Exception as error:
            if not is_for_users(error):
                raise
            _fail(error)

    return wrapped


def _fail(error: Exception) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    raise SystemExit(EXIT_USER_ERROR) from error
