import torch

from wsss_core.checkpoints.fit import Misfit, compare, fitting_backbones, shapes_of
from wsss_core.networks.factory import build_backbone, build_classifier

EXPECTED = {"a.weight": (2, 2), "a.num_batches_tracked": (), "fc6.weight": (1,)}


def test_equal_entries_fit():
    assert not compare(EXPECTED, EXPECTED)


def test_missing_counters_and_declared_absences_do_not_count():
    assert not compare(EXPECTED, {"a.weight": (2, 2)}, absent=("fc6.",))
    assert compare(EXPECTED, {"a.weight": (2, 2)}).missing == ("fc6.weight",)


def test_each_kind_of_misfit_is_named_with_its_first_entry_and_count():
    misfit = compare(EXPECTED, {"a.weight": (3, 2), "b": (1,), "c": (1,)})
    assert misfit.describe() == (
        "1 missing, first fc6.weight; 2 unexpected, first b; "
        "1 of another shape, first a.weight (network (2, 2), file (3, 2))"
    )


def test_no_misfit_is_false_and_says_nothing():
    empty = Misfit((), (), ())
    assert not empty
    assert empty.describe() == ""


def test_backbones_of_a_file_are_found_whatever_its_head():
    with torch.device("meta"):
        for name in ("resnet50", "vgg16", "small"):
            assert fitting_backbones(shapes_of(build_classifier(name, 3).state_dict())) == [name]


def test_swins_are_told_apart():
    with torch.device("meta"):
        for name in ("swin_t", "swin_l", "swin_mini"):
            shapes = {f"backbone.{key}": shape for key, shape in shapes_of(build_backbone(name).state_dict()).items()}
            assert fitting_backbones(shapes) == [name]


def test_incomplete_file_fits_nothing():
    with torch.device("meta"):
        shapes = shapes_of(build_classifier("small", 3).state_dict())
    del shapes["backbone.conv1.0.weight"]
    assert fitting_backbones(shapes) == []
