"""Every recorded case of the original systems that this project covers gives the recorded result.

By default the project's own cases run, and those of `../shared/golden` where that folder exists; with
`--golden-dir DIR` all cases of every `DIR/<system>/cases.json`.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from golden import eps, fma, psa, spml, wsfcn
from golden.cases import Case, default_cases, read_cases
from golden.progress import reason_to_skip

FIND_CHECK: dict[str, Callable[[str], Callable[[Case], None] | None]] = {
    "psa": psa.find_check,
    "fma": fma.find_check,
    "eps": eps.find_check,
    "spml": spml.find_check,
    "wsfcn": wsfcn.find_check,
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" not in metafunc.fixturenames:
        return
    folder: Path | None = metafunc.config.getoption("--golden-dir")
    cases = default_cases() if folder is None else list(read_cases(folder))
    if folder is not None and not cases:
        raise pytest.UsageError(f"--golden-dir {folder}: expected <system>/cases.json in it, found none")
    # Cases of one network stand together: building ResNet38 takes longer than most cases.
    cases.sort(
        key=lambda case: (
            case.system,
            str(case.spec.get("network")),
            str(case.spec.get("weight_scaling") or case.spec.get("weights")),
        )
    )
    metafunc.parametrize("case", cases, ids=[case.title for case in cases])


def test_recorded_case_is_reproduced(case: Case) -> None:
    reason = reason_to_skip(case.system, case.name)
    if reason is not None:
        pytest.skip(reason)
    check = FIND_CHECK[case.system](case.name) if case.system in FIND_CHECK else None
    if check is None:
        pytest.fail(f"{case.title}: no check knows this kind of case; add it to tests/golden/{case.system}.py")
    check(case)
