"""What `--until STAGE` asks of Snakemake: the file that a stage publishes last."""

from wsss_core.settings.base import SettingsError, nearest
from wsss_core.settings.experiment import Experiment
from wsss_core.stages.provenance import FILE_NAME


def until_arguments(experiment: Experiment, stage: str | None) -> list[str]:
    """Snakemake targets for `--until stage`; none for a run of everything. Raises `SettingsError` for no such stage."""
    if stage is None:
        return []
    refs = {
        **{name: own.ref for name, own in experiment.stages.items()},
        **{ref: ref for ref in experiment.graph.stages},
    }
    if stage not in refs:
        raise SettingsError(f"--until: there is no stage {stage!r}; {nearest(stage, list(experiment.stages))}")
    return [f"{experiment.file.compute.results}/{refs[stage]}/{FILE_NAME}"]
