import pytest
import torch

from wsss_core.networks.factory import build_classifier


@pytest.fixture(scope="module")
def vgg16():
    torch.manual_seed(0)
    return build_classifier("vgg16", 4).eval()


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return build_classifier("small", 4).eval()


IMAGE = torch.randn(2, 3, 40, 56, generator=torch.Generator().manual_seed(3))


def test_scores_are_the_mean_of_the_class_maps(vgg16, small):
    for network in (vgg16, small):
        with torch.no_grad():
            torch.testing.assert_close(network(IMAGE), network.class_maps(IMAGE).mean(dim=(2, 3)), rtol=1e-4, atol=1e-5)


def test_cam_of_vgg16_is_the_square_root_of_the_rectified_map(vgg16):
    with torch.no_grad():
        torch.testing.assert_close(vgg16.cam(IMAGE) ** 2, vgg16.class_maps(IMAGE).clamp(min=0), rtol=1e-4, atol=1e-6)


def test_cam_of_the_others_is_the_rectified_map(small):
    with torch.no_grad():
        cam, maps = small.cam(IMAGE), small.class_maps(IMAGE)
    torch.testing.assert_close(cam, maps.clamp(min=0))
    assert maps.min() < 0 < cam.max()


def test_cam_ignores_the_dropout_of_the_head(small):
    network = build_classifier("resnet18", 2).eval()
    network.drop7.p = 0.9
    network.drop7.train()
    with torch.no_grad():
        torch.testing.assert_close(network.cam(IMAGE), network.cam(IMAGE), rtol=0, atol=0)


def test_head_has_no_bias_and_a_xavier_start(vgg16):
    bound = (6 / (1024 + 4)) ** 0.5
    assert vgg16.fc8.bias is None
    assert 0.9 * bound < vgg16.fc8.weight.abs().max() <= bound


def test_dropout_before_the_classifier_is_that_of_the_publication():
    with torch.device("meta"):
        found = {name: build_classifier(name, 2).drop7.p for name in ("vgg16", "resnet38", "resnet18", "small")}
    assert found == {"vgg16": 0.5, "resnet38": 0.5, "resnet18": 0.0, "small": 0.0}


def test_a_classifier_without_classes_is_refused():
    with pytest.raises(ValueError, match="at least 1 class, found 0"):
        build_classifier("small", 0)
