# Figures of every stage for which ground truth exists: one job per evaluated stage.
rule evaluation:
    input:
        products=lambda wildcards: PLAN.products(evaluated(wildcards)),
        about=lambda wildcards: [PLAN.finished(stage) for stage in PLAN.lineage(evaluated(wildcards))],
        manifest=lambda wildcards: PLAN.products(PLAN.graph.data_of(evaluated(wildcards))),
    output:
        figures=RESULTS / "{node}/{target}.json",
        images=RESULTS / "{node}/{target}.images.csv",
    log:
        "logs/{node}/{target}.log",
    wildcard_constraints:
        node=nodes("evaluation"),
        target=evaluated_names(),
    conda:
        ENVIRONMENT
    threads: cpus("evaluation")
    resources:
        **resources_of("evaluation"),
    params:
        request=lambda wildcards: PLAN.request(stage_of(wildcards), evaluated(wildcards)),
        code=code_of("evaluation"),
        results=RESULTS,
    shell:
        "python workflow_scripts/evaluation.py --request {params.request:q} --target {wildcards.target:q}"
        " --results {params.results:q} 2> {log:q}"


rule evaluated:
    input:
        lambda wildcards: PLAN.products(stage_of(wildcards)),
    output:
        RESULTS / "{node}/stage.json",
    log:
        "logs/{node}/summary.log",
    wildcard_constraints:
        node=nodes("evaluation"),
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
    params:
        request=request_of,
        code=code_of("evaluation"),
        script=SUMMARY_CODE,
    shell:
        "python workflow_scripts/summary.py --request {params.request:q} --code {params.code} --out {output:q}"
        " 2> {log:q}"
