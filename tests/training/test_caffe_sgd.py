"""SGD with the rate inside the momentum, and the schedules of SPML."""

import pytest
import torch

from wsss_core.settings.training import LoopSettings
from wsss_core.training.caffe_sgd import CaffeSGD
from wsss_core.training.schedules import learning_rate


def steps(make, rates: list[float]) -> torch.Tensor:
    parameter = torch.nn.Parameter(torch.ones(3))
    optimiser = make([parameter])
    for number, rate in enumerate(rates):
        optimiser.param_groups[0]["lr"] = rate
        parameter.grad = torch.full((3,), number + 1.0)
        optimiser.step()
    return parameter.detach()


def caffe(parameters):
    return CaffeSGD(parameters, lr=0.1, momentum=0.9, weight_decay=0.01)


def common(parameters):
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=0.01)


def test_at_a_constant_rate_it_is_the_common_sgd():
    torch.testing.assert_close(steps(caffe, [0.1] * 5), steps(common, [0.1] * 5))


def test_a_new_rate_does_not_touch_what_the_buffer_holds():
    changed = steps(caffe, [0.1, 0.01])
    assert not torch.allclose(changed, steps(common, [0.1, 0.01]))
    first = 1 - 0.1 * (1 + 0.01)
    second = first - (0.9 * 0.1 * 1.01 + 0.01 * (2 + 0.01 * first))
    torch.testing.assert_close(changed, torch.full((3,), second))


def test_parameters_without_gradient_stay_also_with_decay():
    parameter = torch.nn.Parameter(torch.ones(1))
    loss = caffe([parameter]).step(lambda: 7.0)
    assert (loss, parameter.item()) == (7.0, 1)


def rate(step: int, **changes: object) -> float:
    settings = LoopSettings.parse({"steps": 1000, "learning_rate": 1.0, "warmup_steps": 100, **changes}, "test")
    return learning_rate(step, 1000, settings)


def test_the_warm_up_of_spml_is_a_limit():
    assert rate(0, warmup_from=0.1) == pytest.approx(0.1)
    assert rate(50, warmup_from=0.1) == pytest.approx(0.55)
    assert rate(99, warmup_from=0.1) == pytest.approx((1 - 0.099) ** 0.9)  # the schedule is lower by then
    assert rate(5, warmup_steps=0, warmup_from=0.1) == rate(5, warmup_steps=0)


def test_steps_divide_the_rate_by_ten():
    values = [rate(step, schedule="step", decay_steps=[300, 600], warmup_steps=0) for step in (299, 300, 600)]
    assert values == pytest.approx([1, 0.1, 0.01])
