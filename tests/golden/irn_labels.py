"""Checks of the recorded labels that IRNet is trained on."""

import re

from golden.cases import Case
from golden.compare import assert_agreement
from golden.psa_setting import picture

from wsss_core.affinity.ir_label import ir_label
from wsss_core.settings.affinity_labels import IrLabelSettings


def label_settings(case: Case) -> IrLabelSettings:
    """The settings that the case states, as in "thresholds 0.30 / 0.05"."""
    found = re.search(r"thresholds\s+([\d.]+)\s*/\s*([\d.]+)", case.spec["preprocess"])
    assert found is not None, f"{case.title}: expected two thresholds in {case.spec['preprocess']!r}"
    return IrLabelSettings(foreground_threshold=float(found[1]), background_threshold=float(found[2]))


def differing_share(case: Case) -> float:
    """The share of pixels that may differ, as in "at most 0.2% of pixels differ"."""
    found = re.search(r"at most ([\d.]+)\s*% of pixels", case.spec["tolerance"]["rule"])
    assert found is not None, f"{case.title}: expected a percentage of pixels in {case.spec['tolerance']['rule']!r}"
    return float(found[1]) / 100


def check_ir_label(case: Case) -> None:
    label_HW = ir_label(picture(case), case.arrays["high_res"], case.arrays["keys"] + 1, label_settings(case))
    assert_agreement(label_HW, case.arrays["ir_label"], differing_share(case), f"{case.title}: ir_label")
