"""The golden tests' own rules: which cases run, what kind they are, where their files lie."""

import json
from pathlib import Path

import numpy as np
import pytest
from golden import eps
from golden.cases import OWN_DATA, SYSTEMS, Case, kind_of, read_cases
from golden.compare import assert_agreement, assert_close, assert_close_to_peak, subsampled
from golden.progress import UNFINISHED_KINDS, UNFINISHED_SYSTEMS, reason_to_skip
from golden.psa import CHECKS, find_check
from golden.spml_compare import moved_share
from golden.test_golden import FIND_CHECK

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("vgg16_cls.forward.77x131", "forward"),
        ("resnet38_aff.loss_odd", "loss"),
        ("vgg16.infer_aff.rw_short.101x83", "infer_aff"),
        ("resnet38.infer_cls.33x29", "infer_cls"),
        ("center_crop_many", "center_crop"),
        ("miou2", "miou"),
        ("crf_inference_single", "crf_inference"),
        ("aff_labels_pad.72x88", "aff_labels"),
        ("irn_path_index_many", "irn_path_index"),
        ("irn_sem_seg_short.77x131", "irn_sem_seg_short"),
        ("irn_cam.loss_two.77x131", "irn_cam.loss"),
    ],
)
def test_kind_of_a_case_does_not_depend_on_size_or_variant(name: str, kind: str) -> None:
    assert find_check(name) is CHECKS[kind]


@pytest.mark.parametrize("name", ["mioux", "vgg16.invented.96x136", "forwarding", "pascal"])
def test_unknown_kinds_have_no_check(name: str) -> None:
    assert find_check(name) is None


def test_longest_kind_wins() -> None:
    assert kind_of("sem_seg_short.9x9", ("sem_seg", "sem_seg_short")) == "sem_seg_short"


def test_every_system_is_checked_or_listed_as_unfinished() -> None:
    assert set(SYSTEMS) == set(FIND_CHECK) | set(UNFINISHED_SYSTEMS)
    assert not set(FIND_CHECK) & set(UNFINISHED_SYSTEMS)


def test_unfinished_parts_are_skipped_with_a_reason_and_nothing_else() -> None:
    assert all(reason_to_skip(system, "anything") for system in UNFINISHED_SYSTEMS)
    assert reason_to_skip("eps", "eps_loss_coco") is None
    assert all(reason_to_skip(system, f"{start}.90x70") for system, start in UNFINISHED_KINDS)
    assert reason_to_skip("psa", "miou") is None


def test_own_cases_have_every_finished_kind_and_their_files() -> None:
    cases = list(read_cases(OWN_DATA))
    for system, checks in {"psa": CHECKS, "eps": eps.CHECKS}.items():
        of_system = [FIND_CHECK[system](case.name) for case in cases if case.system == system]
        assert set(of_system) == set(checks.values()), system
    assert all((case.folder / case.spec.get("file", f"{case.name}.npz")).is_file() for case in cases)
    assert sum(path.stat().st_size for path in OWN_DATA.rglob("*")) < 5_000_000


def make_case(folder: Path) -> Case:
    return Case("psa", "x", folder, {"file": "x.npz"}, {})


def test_side_files_come_from_the_given_folder_before_the_own_copy(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    assert case.side_file("vgg16_cls.layout.json").parent == OWN_DATA / "psa"
    (tmp_path / "vgg16_cls.layout.json").write_text("{}")
    assert case.side_file("vgg16_cls.layout.json").parent == tmp_path
    with pytest.raises(FileNotFoundError, match=r"psa/x: expected absent\.json"):
        case.side_file("absent.json")


def test_known_recordings_have_closer_limits_than_unknown_ones(tmp_path: Path) -> None:
    assert make_case(tmp_path).limit(usual=1e-4, allowed=1e-3) == 1e-3
    assert make_case(OWN_DATA / "psa").limit(usual=1e-4, allowed=1e-3) == 1e-4


def test_arrays_of_a_case_that_is_not_in_the_set_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="needs the arrays of 'other'"):
        make_case(tmp_path).arrays_of("other")


def run_on(pytester: pytest.Pytester, folder: Path) -> pytest.RunResult:
    root = Path(__file__).parents[2]
    option = ["--golden-dir", str(folder), "-p", "no:cacheprovider", "-q"]
    return pytester.runpytest_subprocess(
        "--rootdir",
        str(root),
        "-c",
        str(root / "pyproject.toml"),
        *option,
        str(Path(__file__).with_name("test_golden.py")),
    )


def test_an_unknown_kind_of_a_finished_system_fails(pytester: pytest.Pytester, tmp_path: Path) -> None:
    write_set(tmp_path, "invented_kind.8x8")
    result = run_on(pytester, tmp_path)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*psa/invented_kind.8x8: no check knows this kind of case*"])


def test_a_folder_without_cases_is_an_error(pytester: pytest.Pytester, tmp_path: Path) -> None:
    result = run_on(pytester, tmp_path)
    assert result.ret != 0
    assert "expected <system>/cases.json in it, found none" in result.stdout.str() + result.stderr.str()


def write_set(folder: Path, name: str) -> None:
    (folder / "psa").mkdir()
    np.savez(folder / "psa" / "a.npz", a=np.zeros(1))
    content = {"cases": [{"case": name, "file": "a.npz", "arrays": {"a": {}}}]}
    (folder / "psa" / "cases.json").write_text(json.dumps(content))


def test_recorded_subsampling_is_read_from_the_meaning() -> None:
    array = np.arange(4 * 6 * 6).reshape(4, 6, 6)
    np.testing.assert_array_equal(subsampled(array, "conv4 feature [::2, ::3, ::5]"), array[::2, ::3, ::5])
    np.testing.assert_array_equal(subsampled(array, "CRF probabilities, alpha 4 [:, ::2, ::2]"), array[:, ::2, ::2])
    assert subsampled(array, "pair affinities (34 offsets, pixels-from), full") is array


def test_clusters_compare_as_a_partition_in_both_directions() -> None:
    recorded = np.array([0, 0, 1, 1, 2, 2, 2])
    assert moved_share(np.array([5, 5, 1, 1, 0, 0, 0]), recorded) == 0
    assert moved_share(np.array([0, 0, 1, 1, 2, 2, 3]), recorded) == pytest.approx(1 / 7)
    assert moved_share(np.zeros(7, int), recorded) == pytest.approx(4 / 7)


def test_comparisons_fail_beyond_their_tolerance() -> None:
    recorded = np.array([1.0, 2.0])
    with pytest.raises(AssertionError, match=r"off by 1\.00e-01 of the maximum 2"):
        assert_close_to_peak(recorded + 0.2, recorded, 0.05, "x")
    with pytest.raises(AssertionError, match="mean difference"):
        assert_close(recorded + 0.2, recorded, 0.1, 1, "x")
    with pytest.raises(AssertionError, match=r"50\.000% of the labels differ"):
        assert_agreement(np.array([0, 1]), np.array([0, 2]), 0.4, "x")
    with pytest.raises(AssertionError, match="shape"):
        assert_close_to_peak(recorded[:1], recorded, 1, "x")
