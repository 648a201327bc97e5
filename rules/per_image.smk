# All stages that make one row per image: one job per part, then one that sums up what the parts measured.
from wsss_core.registry import PER_IMAGE_KINDS

for kind in PER_IMAGE_KINDS:

    rule:
        name:
            kind
        input:
            lambda wildcards: PLAN.inputs(stage_of(wildcards), [int(wildcards.part)]),
        output:
            part=RESULTS / "{node}/parts/{part}.arrow",
            stats=RESULTS / "{node}/stats/{part}.json",
        log:
            "logs/{node}/{part}.log",
        wildcard_constraints:
            node=nodes(kind),
            part=r"\d{5}",
        conda:
            ENVIRONMENT
        threads: cpus(kind)
        resources:
            **resources_of(kind),
            device=COMPUTE.device,
        params:
            request=request_of,
            code=code_of("per_image"),
            results=RESULTS,
        shell:
            "python workflow_scripts/per_image.py --request {params.request:q} --part {wildcards.part}"
            " --results {params.results:q} --device {resources.device} 2> {log:q}"


rule summary:
    input:
        lambda wildcards: [
            RESULTS / wildcards.node / f"stats/{part:05d}.json" for part in PLAN.parts(stage_of(wildcards))
        ],
    output:
        RESULTS / "{node}/stage.json",
    log:
        "logs/{node}/summary.log",
    wildcard_constraints:
        node=nodes(*PER_IMAGE_KINDS),
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        request=request_of,
        code=code_of("per_image"),
        script=SUMMARY_CODE,
    shell:
        "python workflow_scripts/summary.py --request {params.request:q} --code {params.code} --out {output:q}"
        " {input:q} 2> {log:q}"
