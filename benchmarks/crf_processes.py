"""Throughput of two processes that run CRFs at the same time, as the parts of a stage do, against one alone.

Processor time, so that a busy machine counts little: it shows what the two take from each other (caches, memory),
not the start of a job.
"""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

from benchmarks.crf_labels import ALPHAS
from benchmarks.pictures import SIZE_HW, class_scores, picture
from benchmarks.timing import Comparison
from wsss_core.affinity.crf_pair import crf_pair
from wsss_core.settings.crf import CrfSettings

IMAGES, TAGS, PROCESSES = 8, 3, 2


def pairs_ms(seed: int) -> float:
    """Processor milliseconds of one process for the pairs of several images."""
    examples = [(picture(seed + number), class_scores(seed + number, TAGS)) for number in range(IMAGES)]
    start = time.process_time()
    for image_HW3, scores_CHW in examples:
        crf_pair(image_HW3, scores_CHW, *ALPHAS, CrfSettings())
    return (time.process_time() - start) * 1000


def run() -> list[Comparison]:
    """Milliseconds per image."""
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(pairs_ms, range(PROCESSES)))  # starts the processes
        alone_ms = min(pool.submit(pairs_ms, 0).result() for _ in range(2)) / IMAGES
        together_ms = [max(pool.map(pairs_ms, range(PROCESSES))) / IMAGES / PROCESSES for _ in range(2)]
    size = f"{SIZE_HW[0]}x{SIZE_HW[1]}, {TAGS} tags"
    return [Comparison("dense CRF for both alphas, two processes", size, "ms", alone_ms, min(together_ms))]
