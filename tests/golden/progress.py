"""What of the recorded systems this project does not have yet; everything else must pass."""

UNFINISHED_SYSTEMS: dict[str, str] = {}
"""System -> why its cases are skipped."""

UNFINISHED_KINDS: dict[tuple[str, str], str] = {}
"""(System, beginning of the case name) -> why such cases are skipped."""


def reason_to_skip(system: str, name: str) -> str | None:
    """Why a case is not run, or None."""
    if system in UNFINISHED_SYSTEMS:
        return UNFINISHED_SYSTEMS[system]
    fitting = (reason for (of, start), reason in UNFINISHED_KINDS.items() if of == system and name.startswith(start))
    return next(fitting, None)
