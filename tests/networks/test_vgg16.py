import pytest
import torch
from torch.nn import functional

from wsss_core.networks.vgg16 import VGG16


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return VGG16().eval()


def reach_px(network: VGG16, feature: str) -> int:
    """Columns of the input that the middle cell of the feature depends on."""
    image = torch.zeros(1, 3, 1, 801, requires_grad=True)
    out = network(image)[feature]
    out[0, :, 0, out.shape[-1] // 2].sum().backward()
    columns = image.grad.abs().sum(dim=(0, 1, 2)).nonzero().flatten()
    return int(columns.max() - columns.min() + 1)


def test_pools_round_sizes_up(network):
    with torch.no_grad():
        features = network(torch.zeros(1, 3, 17, 9))
    assert [tuple(features[name].shape[-2:]) for name in ("conv2", "conv3", "conv4", "conv5fc")] == [
        (9, 5),
        (5, 3),
        (3, 2),
        (3, 2),
    ]


def test_dilation_of_fc6_changes_the_output_but_no_parameter_shape():
    torch.manual_seed(0)
    classifier, affinity = VGG16(fc6_dilation=1).eval(), VGG16(fc6_dilation=4).eval()
    affinity.load_state_dict(classifier.state_dict())
    image = torch.randn(1, 3, 80, 80)
    with torch.no_grad():
        near, far = classifier(image), affinity(image)
    torch.testing.assert_close(near["conv5"], far["conv5"])
    assert not torch.allclose(near["conv5fc"], far["conv5fc"])
    assert near["conv5fc"].shape == far["conv5fc"].shape


def test_fc6_of_dilation_12_sees_farther():
    torch.manual_seed(0)
    narrow, wide = VGG16(fc6_dilation=1).eval(), VGG16(fc6_dilation=12).eval()
    assert reach_px(wide, "conv5fc") > reach_px(narrow, "conv5fc") + 2 * 8 * 10


def test_pool5_smooths_conv5_before_fc6():
    torch.manual_seed(0)
    plain = VGG16().eval()
    pooled = VGG16(pool5=True).eval()
    pooled.load_state_dict(plain.state_dict())
    image = torch.randn(1, 3, 40, 40)
    with torch.no_grad():
        conv5 = functional.avg_pool2d(functional.max_pool2d(plain(image)["conv5"], 3, 1, 1), 3, 1, 1)
        expected = functional.relu(plain.fc7(functional.relu(plain.fc6(conv5))))
        torch.testing.assert_close(pooled(image)["conv5fc"], expected)


def test_features_are_rectified(network):
    with torch.no_grad():
        features = network(torch.randn(1, 3, 32, 32))
    assert all(feature.min() >= 0 for feature in features.values())


def test_dropout_acts_in_training_only_and_drops_whole_channels():
    torch.manual_seed(0)
    network = VGG16()
    seen = {}
    network.drop6.register_forward_hook(lambda module, inputs, output: seen.update(x=inputs[0], y=output))
    with torch.no_grad():
        network.train()(torch.randn(1, 3, 32, 32))
    alive_in, alive_out = seen["x"].sum(dim=(2, 3)) > 0, seen["y"].sum(dim=(2, 3)) > 0
    assert alive_out.sum() < alive_in.sum()
    kept = alive_out[0]
    torch.testing.assert_close(seen["y"][0, kept], 2 * seen["x"][0, kept])
