# Runs an experiment: `snakemake --configfile config/quickstart.yaml --cores all`, or `wsss run config/quickstart.yaml`.
# Everything that decides what runs is in the experiment file; see docs/architecture.md.
import sys
from pathlib import Path

from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.utils import min_version

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.settings.base import SettingsError
from wsss_core.settings.experiment import Experiment, read_yaml
from wsss_core.stages.plan import Plan
from wsss_core.stages.scheduler_looks import one_timer_at_a_time

min_version("9.0")
one_timer_at_a_time(JobScheduler)

if not config:

    configfile: "config/quickstart.yaml"


config_folder = Path(workflow.configfiles[0]).parent if workflow.configfiles else Path("config")
try:
    for file in workflow.configfiles:
        read_yaml(Path(file))  # finds what Snakemake's own reading lets pass, such as two stages of one name
    PLAN = Plan(Experiment.from_config(config, config_folder), inside_job=not workflow.is_main_process)
except (SettingsError, ArtifactError, OSError, ValueError) as error:
    # Raised, Snakemake would show where in this file, which is not where the fault is.
    sys.exit(f"wsss: the experiment cannot run.\n{error}")


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/per_image.smk"
include: "rules/training.smk"
include: "rules/evaluation.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        PLAN.final_targets(),
