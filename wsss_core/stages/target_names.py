"""Names of an evaluation's files: one stem per evaluated stage."""


def target_name(stage: str) -> str:
    """File stem for a stage as the evaluating experiment names it: "seeds", or "other/seeds" -> "other--seeds"."""
    return stage.replace("/", "--")
