# Data set -> manifest: one row per image.
rule data:
    input:
        lambda wildcards: PLAN.inputs(stage_of(wildcards)),
    output:
        manifest=RESULTS / "{node}/manifest.arrow",
        about=RESULTS / "{node}/stage.json",
    log:
        "logs/{node}.log",
    wildcard_constraints:
        node=nodes("data"),
    conda:
        ENVIRONMENT
    threads: cpus("data")
    resources:
        **resources_of("data"),
    params:
        request=request_of,
        code=code_of("data"),
        listing=lambda wildcards: PLAN.listing_fingerprint(stage_of(wildcards)),
        results=RESULTS,
    shell:
        "python workflow_scripts/data.py --request {params.request:q} --code {params.code}"
        " --results {params.results:q} 2> {log:q}"
