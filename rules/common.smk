# Shared by all rules. Which nodes ("experiment/stage") a rule is for, and what a stage may ask of the machine.
import re

from wsss_core.stages.gpus import torch_build
from wsss_core.stages.job_resources import cpus_of_job, launcher, resources_of_job
from wsss_core.stages.plan import script_code

RESULTS = PLAN.results
COMPUTE = PLAN.experiment.file.compute


def nodes(*kinds):
    """Wildcard pattern of all stages of the kinds; one that matches nothing when there are none."""
    names = [re.escape(stage.ref) for stage in PLAN.graph.of_kind(*kinds)]
    return "|".join(names) or "(?!)"


def evaluated_names():
    """Wildcard pattern of what the evaluation stages evaluate, so that their own `stage.json` is not taken for it."""
    names = [re.escape(name) for stage in PLAN.graph.of_kind("evaluation") for name in PLAN.targets(stage)]
    return "|".join(names) or "(?!)"


def stage_of(wildcards):
    return PLAN.stage(wildcards.node)


def evaluated(wildcards):
    return PLAN.targets(stage_of(wildcards))[wildcards.target]


def request_of(wildcards):
    return PLAN.request(stage_of(wildcards))


def code_of(script):
    return lambda wildcards: PLAN.code(stage_of(wildcards), script)


SUMMARY_CODE = script_code("summary")
ENVIRONMENT = f"../envs/{torch_build(COMPUTE.device)}.yaml"


def cpus(kind):
    return cpus_of_job(kind, COMPUTE)


def resources_of(kind):
    return resources_of_job(kind, COMPUTE)
