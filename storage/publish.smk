# Copies the finished stages of an experiment into an object store; what is there already stays. See docs/scale.md:
# snakemake --snakefile storage/publish.smk --cores 4 --config experiment=quickstart store=s3://bucket/results
from pathlib import Path

from wsss_core.artifacts.object_store import ABOUT, files_to_store, finished_stages

RESULTS = Path(config.get("results", "results"))
STORE = config["store"]
FILES = {stage: files_to_store(RESULTS, stage) for stage in finished_stages(RESULTS, config["experiment"])}


rule all:
    default_target: True
    input:
        [storage(f"{STORE}/{stage}/{ABOUT}") for stage in FILES],


rule file:
    input:
        RESULTS / "{stage}/{file}",
    output:
        storage(f"{STORE}/{{stage}}/{{file}}"),
    wildcard_constraints:
        stage="|".join(FILES),
        file=rf"(?!{ABOUT}$).+",
    shell:
        "cp {input:q} {output:q}"


# Last of a stage, so that a reader who finds it finds all.
rule about:
    input:
        about=RESULTS / "{stage}" / ABOUT,
        files=lambda wildcards: [storage(f"{STORE}/{file}") for file in FILES[wildcards.stage]],
    output:
        storage(f"{STORE}/{{stage}}/{ABOUT}"),
    wildcard_constraints:
        stage="|".join(FILES),
    shell:
        "cp {input.about:q} {output:q}"
