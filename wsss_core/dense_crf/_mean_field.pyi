import numpy as np

SOURCE: str

def infer(
    unary: np.ndarray,
    gaussian: np.ndarray,
    gaussian_weight: float,
    bilateral: np.ndarray,
    bilateral_weight: float,
    result: np.ndarray,
    energies: int,
    labels: int,
    iterations: int,
) -> None: ...
