"""Checks of the forward cases: ResNet38 as Base and as EPS, DeepLab v2 on ResNet-101, DeepLab-LargeFOV."""

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_agreement, assert_close_to_peak
from golden.eps_gradients import check_gradients
from golden.eps_setting import caffe_inputs, call_arguments, enlarged, label_map, network, normal_input, sampled
from torch.nn import functional

from wsss_core.networks.eps_classifier import EpsClassifier
from wsss_core.networks.network import TagClassifier
from wsss_core.networks.segmentation import SegmentationNetwork
from wsss_core.training.losses import cross_entropy

FEATURE_TOLERANCE = 1e-4  # of the maximum; recorded to be 1e-5 with another number of threads
LABELS_DIFFER = 0.002
SCALES = {"logits_100": 0, "logits_050": 1, "logits_075": 2, "logits": 3}
"""Recorded logits of DeepLab -> place among those of all scales."""


def check_classifier(case: Case) -> None:
    net = network(case)
    assert isinstance(net, TagClassifier)
    x = torch.from_numpy(normal_input(case.spec["inputs"]))
    with torch.inference_mode():
        results = dict(net.backbone(x))
        if isinstance(net, EpsClassifier):
            maps = net.all_maps(x)
            results |= {"cam": maps, "cam_train": maps, "pred": maps.mean(dim=(2, 3))}
            torch.testing.assert_close(net(x), results["pred"][:, :-1])
        else:
            results |= {"logits": net(x), "cam": net.cam(x)}
    check_arrays(case, {name: value.numpy() for name, value in results.items()})


def check_deeplab(case: Case) -> None:
    net = network(case)
    assert isinstance(net, SegmentationNetwork)
    x = caffe_inputs(case.spec["inputs"])
    with torch.inference_mode():
        logits = net.all_scales(x)
        results = {name: logits[place] for name, place in SCALES.items()}
        results["layer5"] = net.backbone(x)["layer5"]
        labels = enlarged(net(x), (x.shape[2], x.shape[3]))[0].argmax(dim=0)
    check_arrays(case, {name: value.numpy() for name, value in results.items()}, but=("labels",))
    assert_agreement(labels.numpy(), case.arrays["labels"], LABELS_DIFFER, f"{case.title}: labels")


def check_largefov(case: Case) -> None:
    net = network(case)
    net.zero_grad(set_to_none=True)
    x = caffe_inputs(case.spec["inputs"])
    with torch.inference_mode():
        logits = net(x)
        pool5a, pool3 = pooled_features(net.backbone, x)
    found = logits.argmax(dim=1).numpy()
    assert_agreement(found, case.arrays["labels"], 2 * LABELS_DIFFER, f"{case.title}: labels")
    scores = net(x)
    loss = cross_entropy(scores, torch.from_numpy(np.stack(labels_of(case, scores))))
    loss.backward()
    results = {"logits": logits, "log_probs": logits.log_softmax(dim=1), "loss": loss.detach()}
    results |= {"pool5a": pool5a, "pool3": pool3}
    gradients = [name for name in case.arrays if name.startswith("grad_")]
    check_arrays(case, {name: value.numpy() for name, value in results.items()}, but=("labels", *gradients))
    check_gradients(case, net)


def labels_of(case: Case, scores: torch.Tensor) -> list[np.ndarray]:
    """The labels that the loss compares the scores (B, K, h, w) with."""
    batch, classes, height, width = scores.shape
    seed = call_arguments(case.spec["inputs"], "bgr")[2]
    return [label_map(f"{case.name}:{index}", (height, width), classes, seed) for index in range(batch)]


def pooled_features(backbone: torch.nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """pool5a and pool3 of LargeFOV, from what its backbone gives."""
    features = backbone(x)
    pool5 = functional.max_pool2d(features["conv5"], 3, stride=1, padding=1)
    pool3 = functional.max_pool2d(features["conv3"], 3, stride=2, padding=1)
    return functional.avg_pool2d(pool5, 3, stride=1, padding=1), pool3


def check_arrays(case: Case, results: dict[str, np.ndarray], but: tuple[str, ...] = ()) -> None:
    """Every recorded array but those named is among the results, sampled as the case says."""
    for name, recorded in case.arrays.items():
        if name not in but:
            new = sampled(case, name, results[name])
            limit = case.limit(FEATURE_TOLERANCE, case.spec["tolerance"]["rtol"])
            assert_close_to_peak(new, recorded, limit, f"{case.title}: {name}")
