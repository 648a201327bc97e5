"""The error about files that other programs made."""


class ForeignFileError(ValueError):
    """A file of another system that cannot be used; the text says which, what was expected, found and is to be done."""
