"""BatchNorm on one of two processes, for torchrun: `shared_norm_training.py FOLDER` writes `FOLDER/RANK.pt`."""

import sys
from pathlib import Path

import torch
from torch import nn

from wsss_core.training import processes
from wsss_core.training.shared_norm import share_norms

PIECES = (slice(0, 3), slice(3, 4))
"""Images of each process: not equally many."""
CHANNELS = 3


def example() -> tuple[nn.Sequential, torch.Tensor, torch.Tensor]:
    """A network with two norms, images (4, 3, 5, 6) and weights of their answers; one channel hardly varies."""
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.BatchNorm2d(CHANNELS), nn.ReLU(), nn.BatchNorm2d(CHANNELS, momentum=0.3))
    for norm in (network[0], network[2]):
        assert isinstance(norm, nn.BatchNorm2d)
        nn.init.uniform_(norm.weight, 0.5, 2, generator=generator)
        nn.init.uniform_(norm.bias, -1, 1, generator=generator)
    x = 3 * torch.randn(4, CHANNELS, 5, 6, generator=generator) + 7
    x[:, 0] = 0.25 + 1e-3 * x[:, 0]
    return network, x, torch.randn(x.shape, generator=generator)


def learn(network: nn.Sequential, x: torch.Tensor, weight: torch.Tensor) -> dict[str, torch.Tensor]:
    """Answers, gradients and statistics of one step."""
    x = x.clone().requires_grad_()
    answer = network(x)
    (answer * weight).sum().backward()
    assert x.grad is not None
    gradients = {name: value.grad for name, value in network.named_parameters() if value.grad is not None}
    return {"answer": answer.detach(), "x": x.grad, **gradients, **dict(network.named_buffers())}


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    processes.join("cpu")
    try:
        found = {}
        for clamped in (False, True):
            network, x, weight = example()
            share_norms(network, clamped)
            own = PIECES[processes.rank()]
            found[str(clamped)] = learn(network, x[own], weight[own])
        torch.save(found, folder / f"{processes.rank()}.pt")
    finally:
        processes.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
