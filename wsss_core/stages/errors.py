"""Which errors are for the user, and the error that names the image."""

PACKAGE = __name__.partition(".")[0]


class StageError(RuntimeError):
    """An image could not be processed; the text names the stage, the image and the cause."""


def is_for_users(error: BaseException) -> bool:
    """Whether the error's text alone says what to do: the package's own errors and missing or forbidden files.

    Every other error is a bug, whose traceback is needed; also where a `StageError` only says on which image it came.
    """
    if isinstance(error, StageError) and error.__cause__ is not None:
        return is_for_users(error.__cause__)
    own = type(error).__module__.partition(".")[0] == PACKAGE
    return own or isinstance(error, FileNotFoundError | PermissionError)
