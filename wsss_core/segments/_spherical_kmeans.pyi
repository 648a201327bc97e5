import numpy as np

SOURCE: str

def cluster(
    vectors: np.ndarray, result: np.ndarray, channels: int, clusters: int, iterations: int, threads: int
) -> bool: ...
def cluster_anywhere(
    vectors: np.ndarray, result: np.ndarray, channels: int, clusters: int, iterations: int, threads: int
) -> bool: ...
