# Trainings: one job each. The resume state lies beside the outputs, so that Snakemake leaves it alone.
from wsss_core.registry import TRAINING_KINDS

for kind in TRAINING_KINDS:

    rule:
        name:
            kind
        input:
            lambda wildcards: PLAN.inputs(stage_of(wildcards)),
        output:
            network=RESULTS / "{node}/model.safetensors",
            card=RESULTS / "{node}/model.json",
            history=RESULTS / "{node}/history.jsonl",
            about=RESULTS / "{node}/stage.json",
        log:
            "logs/{node}.log",
        wildcard_constraints:
            node=nodes(kind),
        conda:
            ENVIRONMENT
        threads: cpus(kind)
        resources:
            **resources_of(kind),
            device=COMPUTE.device,
            launcher=launcher(COMPUTE),
            torch_threads=COMPUTE.training_threads,
            workers=COMPUTE.loader_workers,
            bookkeeping=lambda wildcards: PLAN.bookkeeping(stage_of(wildcards)),
        params:
            request=request_of,
            code=code_of("training"),
            results=RESULTS,
        shell:
            "{resources.launcher} workflow_scripts/training.py --request {params.request:q} --code {params.code}"
            " --results {params.results:q} --device {resources.device} --threads {resources.torch_threads}"
            " --workers {resources.workers} --bookkeeping {resources.bookkeeping:q} 2> {log:q}"
