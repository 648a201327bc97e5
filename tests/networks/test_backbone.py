import torch
from torch import nn

from wsss_core.networks.backbone import Backbone, ClassifierStyle
from wsss_core.networks.conv_unit import conv_unit


class Toy(Backbone):
    top = "out"
    low = "out"
    affinity_taps = ("out", "out", "out")
    edge_taps = ("out", "out", "out", "out", "out")
    frozen_modules = ("stem",)
    fixes_batch_norm = True

    def __init__(self) -> None:
        super().__init__()
        self.channels, self.strides = {"out": 4}, {"out": 2}
        self.stem = conv_unit(3, 4, stride=2)
        self.body = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))

    def forward(self, x):
        return {"out": self.body(self.stem(x))}


def test_stride_and_width_of_the_top_feature_are_read_from_the_tables():
    toy = Toy()
    assert (toy.stride, toy.top_channels) == (2, 4)


def test_freezing_stops_named_children_and_fixes_all_batch_norms():
    toy = Toy()
    toy.freeze()
    assert {name for name, p in toy.named_parameters() if p.requires_grad} == {"body.0.weight", "body.0.bias"}
    assert [norm.training for _, norm in toy.train().batch_norms()] == [False, False]
    assert toy.body.training


def test_fixed_statistics_survive_any_number_of_mode_changes():
    toy = Toy()
    toy.freeze()
    before = toy.body[1].running_mean.clone()
    for mode in (True, False, True):
        toy.train(mode)
        toy(torch.randn(4, 3, 8, 8))
    assert torch.equal(toy.body[1].running_mean, before)


def test_statistics_alone_can_be_fixed_while_scale_and_shift_learn():
    toy = Toy()
    toy.fix_statistics()
    before = toy.body[1].running_var.clone()
    toy.train()(torch.randn(4, 3, 8, 8))["out"].sum().backward()
    assert torch.equal(toy.body[1].running_var, before)
    assert toy.body[1].weight.grad is not None
    assert not toy.batch_norm_fixed


def test_statistics_move_without_freezing():
    toy = Toy().train()
    before = toy.body[1].running_mean.clone()
    toy(torch.randn(4, 3, 8, 8))
    assert not torch.equal(toy.body[1].running_mean, before)


def test_default_classifier_style_is_the_plain_cam():
    assert Toy.classifier_style == ClassifierStyle(dropout=0.0, average_maps=False, cam_square_root=False)


def test_conv_unit_keeps_or_halves_the_grid_rounding_up():
    x = torch.zeros(2, 3, 7, 5)
    assert conv_unit(3, 6, kernel=3, dilation=3)(x).shape == (2, 6, 7, 5)
    assert conv_unit(3, 6, kernel=1)(x).shape == (2, 6, 7, 5)
    assert conv_unit(3, 6, stride=2)(x).shape == (2, 6, 4, 3)
    assert conv_unit(3, 6)(torch.randn(2, 3, 4, 4)).min() >= 0
