import torch
from torch.nn import functional

from wsss_core.networks.factory import build_classifier
from wsss_core.networks.small import ResidualBlock, SmallNet

PARAMETER_BUDGET = 500_000


def stripes(generator: torch.Generator, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise with a patch of horizontal (class 0) or vertical (class 1) stripes in the same colours: texture decides."""
    images = 0.5 * torch.randn(batch, 3, 48, 48, generator=generator)
    targets = torch.zeros(batch, 2)
    wave = torch.sign(torch.sin(torch.arange(24) * 1.6)).expand(24, 24)
    for index in range(batch):
        top, left = torch.randint(0, 24, (2,), generator=generator).tolist()
        kind = index % 2
        images[index, :, top : top + 24, left : left + 24] += wave if kind else wave.T
        targets[index, kind] = 1
    return images, targets


def test_network_stays_within_its_parameter_budget():
    assert sum(parameter.numel() for parameter in SmallNet().parameters()) < PARAMETER_BUDGET


def test_residual_block_starts_as_the_identity_on_rectified_input():
    x = torch.rand(2, 8, 5, 5)
    torch.testing.assert_close(ResidualBlock(8)(x), x)


def test_textures_are_learnt_from_random_weights_in_few_steps_and_found_in_the_cam():
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    network = build_classifier("small", 2).train()
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    for _ in range(40):
        images, targets = stripes(generator, 16)
        loss = functional.multilabel_soft_margin_loss(network(images), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    images, targets = stripes(generator, 64)
    with torch.no_grad():
        right = network.eval()(images).argmax(dim=1) == targets.argmax(dim=1)
        cam = network.cam(images)
    assert right.float().mean() > 0.9
    assert cam.shape == (64, 2, 6, 6)
