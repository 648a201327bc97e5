# Brings stages back from an object store; what is here already stays. See docs/scale.md:
# snakemake --snakefile storage/fetch.smk --cores 4 --config stages=quickstart/data,quickstart/seeds store=s3://bucket/results
from pathlib import Path

from wsss_core.artifacts.object_store import stored_files

RESULTS = Path(config.get("results", "results"))
STORE = config["store"]


rule all:
    default_target: True
    input:
        [RESULTS / file for stage in config["stages"].split(",") for file in stored_files(STORE, stage)],


rule file:
    input:
        storage(f"{STORE}/{{file}}"),
    output:
        RESULTS / "{file}",
    shell:
        "cp {input:q} {output:q}"
