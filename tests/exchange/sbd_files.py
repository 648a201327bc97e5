"""MATLAB files with the structure of SBD's `cls`, written by SciPy."""

from pathlib import Path

import numpy as np
from scipy.io import savemat

from wsss_core.artifacts.atomic import write_text


def write_sbd_mask(path: Path, label_HW: np.ndarray, packed: bool = True) -> Path:
    """A struct `GTcls` with boundaries, mask and the classes present, as SBD has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    boundaries = np.empty((20, 1), object)
    boundaries[:, 0] = [label_HW == label for label in range(1, 21)]
    present = np.unique(label_HW[label_HW > 0])[:, None]
    content = {"Boundaries": boundaries, "Segmentation": label_HW, "CategoriesPresent": present}
    savemat(path, {"GTcls": content}, do_compression=packed)
    return path


def write_sbd(root: Path, train: dict[str, np.ndarray], val: dict[str, np.ndarray]) -> Path:
    """The folder `dataset`: lists and masks."""
    for name, masks in (("train", train), ("val", val)):
        write_text(root / f"{name}.txt", "".join(f"{image_id}\n" for image_id in masks))
        for image_id, label_HW in masks.items():
            write_sbd_mask(root / "cls" / f"{image_id}.mat", label_HW)
    return root
