from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from wsss_core.exchange.cam_files import FORMS, read_cam_file
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.irn_dicts import write_irn_dict
from wsss_core.exchange.psa_dicts import write_cam_dict, write_crf_dict
from wsss_core.exchange.restricted_npy import UnsafePickleError
from wsss_core.settings.precomputed import CamForm

MAPS = np.random.default_rng(0).random((2, 6, 5), np.float32)
STRIDED = np.random.default_rng(1).random((2, 2, 2), np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The same two classes, labels 4 and 7, in every form."""
    write_cam_dict(tmp_path / "psa.npy", [4, 7], MAPS)
    write_crf_dict(tmp_path / "psa_crf.npy", [0, 7], MAPS)
    write_irn_dict(tmp_path / "irn.npy", [4, 7], STRIDED, MAPS)
    content = {"keys": np.array([3, 6]), "attn_highres": MAPS}
    np.save(tmp_path / "clip_es.npy", np.array(content, dtype=object), allow_pickle=True)
    np.savez(tmp_path / "fma.npz", cam=STRIDED, fg_cls=np.array([3, 6]))
    return tmp_path


def test_the_settings_offer_every_form_and_auto() -> None:
    assert set(get_args(CamForm)) == {"auto", *FORMS}


@pytest.mark.parametrize(
    ("name", "asked", "form", "maps"),
    [
        ("psa.npy", "auto", "psa", MAPS),
        ("psa.npy", "psa", "psa", MAPS),
        ("irn.npy", "auto", "irn", MAPS),
        ("irn.npy", "irn_strided", "irn_strided", STRIDED),
        ("clip_es.npy", "auto", "clip_es", MAPS),
        ("fma.npz", "auto", "fma", STRIDED),
    ],
)
def test_every_form_is_read_and_recognised(folder: Path, name: str, asked: str, form: str, maps: np.ndarray) -> None:
    found, found_form = read_cam_file(folder / name, asked)
    assert found_form == form
    assert found.labels.tolist() == [4, 7]
    np.testing.assert_array_equal(found.maps_Khw, maps)


def test_a_background_is_read_where_it_is_asked_for(folder: Path) -> None:
    assert read_cam_file(folder / "psa_crf.npy", "psa_crf")[0].labels.tolist() == [0, 7]


@pytest.mark.parametrize(
    ("name", "form", "message"),
    [
        ("irn.npy", "psa", r"expected class ids as keys \(form psa\), found 'keys', 'cam', 'high_res'"),
        ("irn.npy", "clip_es", "expected 'keys' and 'attn_highres'"),
        ("psa.npy", "irn", "expected 'keys' and 'high_res', found 3, 6"),
        ("psa.npy", "psa_crf", "expected the background under key 0"),
        ("psa.npy", "fma", r"expected a \.npz file"),
    ],
)
def test_another_form_than_asked_for_is_refused(folder: Path, name: str, form: str, message: str) -> None:
    with pytest.raises(ForeignFileError, match=message):
        read_cam_file(folder / name, form)


def test_a_dictionary_without_maps_at_image_size_says_how_to_take_the_others(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array({"keys": [1], "cam": STRIDED[:1]}, dtype=object), allow_pickle=True)
    with pytest.raises(ForeignFileError, match="set `form: irn_strided`"):
        read_cam_file(tmp_path / "a.npy")


def test_other_contents_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "plain.npy", MAPS)
    with pytest.raises(ForeignFileError, match=r"plain\.npy: expected a dictionary, found an array \(2, 6, 5\)"):
        read_cam_file(tmp_path / "plain.npy")
    np.save(tmp_path / "list.npy", np.array([{}, None], dtype=object), allow_pickle=True)
    with pytest.raises(ForeignFileError, match=r"list\.npy: expected a dictionary, found an array \(2,\)"):
        read_cam_file(tmp_path / "list.npy")
    np.save(tmp_path / "code.npy", np.array({0: print}, dtype=object), allow_pickle=True)
    with pytest.raises(UnsafePickleError, match=r"code\.npy: .*found builtins\.print, which could run a program"):
        read_cam_file(tmp_path / "code.npy")
    with pytest.raises(FileNotFoundError, match=r"none\.npy"):
        read_cam_file(tmp_path / "none.npy")
