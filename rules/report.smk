# One self-contained HTML page.
rule report:
    input:
        products=lambda wildcards: PLAN.inputs(stage_of(wildcards)),
        about=lambda wildcards: [
            PLAN.finished(PLAN.stage(ref)) for refs in stage_of(wildcards).inputs.values() for ref in refs
        ],
    output:
        page=RESULTS / "{node}/report.html",
        figures=RESULTS / "{node}/figures.json",
        table=RESULTS / "{node}/figures.csv",
    log:
        "logs/{node}.log",
    wildcard_constraints:
        node=nodes("report"),
    conda:
        ENVIRONMENT
    threads: cpus("report")
    resources:
        **resources_of("report"),
    params:
        request=request_of,
        code=code_of("report"),
        results=RESULTS,
    shell:
        "python workflow_scripts/report.py --request {params.request:q} --results {params.results:q} 2> {log:q}"
