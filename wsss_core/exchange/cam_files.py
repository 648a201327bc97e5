"""Files of class maps in all forms that are read, and which form a file has."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from wsss_core.exchange.class_maps import ClassMaps
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.fma_arrays import read_fma_arrays
from wsss_core.exchange.irn_dicts import CLIP_ES, FULL_SIZE, KEYS, STRIDED, stacked_dict
from wsss_core.exchange.npy_dicts import read_dict
from wsss_core.exchange.pickled_tensors import TENSOR_STEPS
from wsss_core.exchange.psa_dicts import cam_dict, crf_dict

CamForm = Literal["psa", "psa_crf", "irn", "irn_strided", "clip_es", "fma"]
FORMS: tuple[str, ...] = get_args(CamForm)
ON_A_GRID = ("irn_strided", "fma")
"""Forms whose maps are smaller than the image, which they cover as a whole."""
_STACKS = {"irn": FULL_SIZE, "irn_strided": STRIDED, "clip_es": CLIP_ES}
_ARCHIVE = ".npz"


def read_cam_file(path: Path | str, form: str = "auto") -> tuple[ClassMaps, str]:
    """The maps of one image and the form that the file has.

    `form`: one of `FORMS`, or "auto": the CAM dictionary of PSA, IRN's maps at image size, CLIP-ES or FMA, by what is
    inside. CRF dictionaries (`psa_crf`) look like CAMs and IRN's files hold two sets of maps, so `psa_crf` and
    `irn_strided` must be asked for. Raises FileNotFoundError; `UnsafePickleError` for a file that could run a program;
    `ForeignFileError` for another form, a damaged file, and what `class_maps` refuses.
    """
    where = str(path)
    if form == "fma" or (form == "auto" and Path(path).suffix == _ARCHIVE):
        return read_fma_arrays(path), "fma"
    content = read_dict(path, TENSOR_STEPS)
    chosen = _form_of(content, where) if form == "auto" else form
    if chosen in _STACKS:
        return stacked_dict(content, _STACKS[chosen], where), chosen
    _refuse_names(content, chosen, where)
    return (crf_dict if chosen == "psa_crf" else cam_dict)(content, where), chosen


def _form_of(content: Mapping[object, object], where: str) -> str:
    if KEYS not in content:
        return "psa"
    found = [form for form in ("irn", "clip_es") if _STACKS[form] in content]
    if not found:
        raise ForeignFileError(
            f"{where}: expected {FULL_SIZE!r} (IRN) or {CLIP_ES!r} (CLIP-ES) beside {KEYS!r}, found "
            f"{', '.join(map(repr, content))}. To do: for {STRIDED!r} set `form: irn_strided`."
        )
    return found[0]


def _refuse_names(content: Mapping[object, object], form: str, where: str) -> None:
    names = [key for key in content if isinstance(key, str)]
    if names:
        raise ForeignFileError(
            f"{where}: expected class ids as keys (form {form}), found {', '.join(map(repr, names))}. To do: correct "
            "the setting `form`."
        )
