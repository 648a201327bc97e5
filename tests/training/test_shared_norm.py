"""BatchNorm over two gloo processes: what one process has with all images."""

from pathlib import Path

import pytest
import torch
from training.shared_norm_training import PIECES, example, learn
from training.torchrun import torchrun

from wsss_core.training.shared_norm import SharedBatchNorm2d, share_norms, shared_moments

SCRIPT = Path(__file__).with_name("shared_norm_training.py")
SUMMED = {"0.weight", "0.bias", "2.weight", "2.bias"}
"""Gradients that a training sums over its processes."""


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, torch.Tensor]]]:
    """What each of two processes found, by form."""
    folder = tmp_path_factory.mktemp("two")
    done = torchrun(SCRIPT, folder)
    assert done.returncode == 0, done.stderr
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("clamped", [False, True])
def test_two_processes_have_answers_gradients_and_statistics_of_one(
    together: list[dict[str, dict[str, torch.Tensor]]], clamped: bool
) -> None:
    network, x, weight = example()
    if clamped:
        share_norms(network, clamped=True)
    one = learn(network, x, weight)
    two = [found[str(clamped)] for found in together]
    for name, value in one.items():
        if name in SUMMED:
            torch.testing.assert_close(two[0][name] + two[1][name], value, rtol=1e-4, atol=1e-4)
            continue
        for rank, found in enumerate(two):
            expected = value[PIECES[rank]] if name in ("answer", "x") else value
            torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=1e-4)


def test_alone_the_common_form_is_torchs() -> None:
    network, x, weight = example()
    expected = learn(network, x, weight)
    network, x, weight = example()
    share_norms(network, clamped=False)
    for name, value in learn(network, x, weight).items():
        torch.testing.assert_close(value, expected[name], rtol=1e-3, atol=1e-3)  # a channel hardly varies


def test_the_clamped_form_differs_for_constant_channels_only_and_shares_the_state() -> None:
    x = torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    x[:, 0] = 0.25 + 1e-4 * x[:, 0]
    common_norm, network = torch.nn.BatchNorm2d(3), torch.nn.Sequential(torch.nn.BatchNorm2d(3))
    share_norms(network, clamped=True)
    (clamped,) = network
    assert isinstance(clamped, SharedBatchNorm2d)
    ours, theirs = clamped(x), common_norm(x)
    torch.testing.assert_close(ours[:, 1:], theirs[:, 1:], rtol=1e-4, atol=1e-4)
    assert not torch.allclose(ours[:, 0], theirs[:, 0], rtol=1e-6)
    torch.testing.assert_close(clamped.running_var, common_norm.running_var)
    torch.testing.assert_close(clamped.eval()(x), common_norm.eval()(x))


def test_half_precision_is_normalised_in_float32() -> None:
    norm = SharedBatchNorm2d(2)
    x = torch.randn(2, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    found = norm(x.to(torch.bfloat16))
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), torch.nn.BatchNorm2d(2)(x), rtol=0.05, atol=0.05)


def test_moments_are_of_the_rows() -> None:
    rows = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    mean, variance, count = shared_moments(rows)
    assert (mean.tolist(), variance.tolist(), count) == ([2.0, 5.0], [1.0, 0.0], 2)
