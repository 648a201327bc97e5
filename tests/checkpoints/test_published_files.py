"""The files that PSA published or starts from, in the containers of their time, load into our networks by their names.

The weights are made up: all tensors of a file lie in one storage, so that a file of ResNet38 stays small.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints.pickle_bytes import legacy_bytes, plain, state_dict, storage_bytes, tensor_in_storage
from checkpoints.test_caffe_model import blob, old_layer
from checkpoints.test_mxnet_params import array, params

from wsss_core.checkpoints.pretrained import load_pretrained
from wsss_core.networks.factory import build_affinity_net, build_classifier
from wsss_core.networks.network import Network
from wsss_core.networks.normalisation import CAFFE_BGR, IMAGENET_RGB

DATA = Path(__file__).parents[1] / "networks" / "data"
COUNTER = "num_batches_tracked"
KEY, GPU = "94000000000000", "cuda:0"


def pytorch_0_4_file(path: Path, name: str, with_counters: bool) -> torch.Tensor:
    """The published layout `name` as PyTorch 0.4 wrote it from a GPU; returns the numbers that every tensor begins
    with."""
    layout = json.loads((DATA / f"{name}.layout.json").read_text(encoding="utf-8"))
    shapes = {key: torch.Size(shape) for key, shape in layout.items() if not key.endswith(COUNTER)}
    numbers = torch.linspace(-1, 1, max(shape.numel() for shape in shapes.values()))
    numbers[:2] = torch.tensor([0.25, 0.75])
    whole = tensor_in_storage(numbers, KEY, GPU, 2, python2=False)
    tensors = {key: part_of(whole, numbers, shape) for key, shape in shapes.items()}
    keys, storages = [KEY], storage_bytes(numbers)
    if with_counters:
        count = torch.tensor([9])
        counter = part_of(tensor_in_storage(count, "1", GPU, 2, python2=False), count, torch.Size())
        tensors |= dict.fromkeys((key for key in layout if key.endswith(COUNTER)), counter)
        keys, storages = [KEY, "1"], storages + storage_bytes(count)
    path.write_bytes(legacy_bytes(state_dict(tensors), keys, storages))
    return numbers


def part_of(whole: bytes, numbers: torch.Tensor, shape: torch.Size) -> bytes:
    """The pickled tensor with another shape: that of a row-major view of its storage's start."""
    strides = torch.empty(shape, device="meta").stride()
    old = plain(tuple(numbers.shape)) + plain(numbers.stride())
    assert whole.count(old) == 1
    return whole.replace(old, plain(tuple(shape)) + plain(strides))


def network_of(name: str) -> Network:
    backbone, role = name.split("_")
    return build_classifier(backbone, 20) if role == "cls" else build_affinity_net(backbone)


@pytest.mark.parametrize(
    ("name", "with_counters"),
    [("vgg16_cls", False), ("vgg16_aff", False), ("resnet38_cls", False), ("resnet38_aff", True)],
)
def test_published_checkpoint_loads_entirely_and_brings_its_input_rule(tmp_path, name, with_counters):
    numbers = pytorch_0_4_file(tmp_path / "published.pth", name, with_counters)
    network = network_of(name)
    loaded = load_pretrained(network, tmp_path / "published.pth", with_head=True)
    assert loaded.layout == "PSA"
    assert loaded.left_random == ()
    assert loaded.normalisation == (CAFFE_BGR if name.startswith("vgg16") else IMAGENET_RGB)
    for key, value in network.state_dict().items():
        if key.endswith(COUNTER):
            assert value == (9 if with_counters else 0)
        else:
            assert torch.equal(value.flatten(), numbers[: value.numel()]), key


def test_the_imagenet_file_of_vgg16_starts_a_classifier(tmp_path):
    torch.manual_seed(0)
    source = build_classifier("vgg16", 20).backbone.state_dict()
    layers = dict.fromkeys(name.split(".")[0] for name in source)
    weights = {name: [source[f"{name}.{leaf}"].numpy() for leaf in ("weight", "bias")] for name in layers}
    weights["fc8_voc12"] = [np.zeros((21, 1024, 1, 1), np.float32), np.zeros(21, np.float32)]
    content = b"".join(old_layer(name, *(blob(each, "legacy") for each in blobs)) for name, blobs in weights.items())
    (tmp_path / "vgg16_20M.caffemodel").write_bytes(content)
    network = build_classifier("vgg16", 20)
    loaded = load_pretrained(network, tmp_path / "vgg16_20M.caffemodel")
    assert loaded.layout == "Caffe VGG16"
    assert loaded.left_random == ("fc8.weight",)
    assert loaded.normalisation == CAFFE_BGR
    assert all(torch.equal(value, source[name]) for name, value in network.backbone.state_dict().items())


@pytest.mark.slow
def test_the_imagenet_file_of_resnet38_starts_a_classifier(tmp_path):
    recorded = json.loads(
        (DATA.parents[1] / "golden" / "data" / "psa" / "resnet38.mxnet_names.json").read_text(encoding="utf-8")
    )
    entries = {name: torch.full(shape, float(index)) for index, (name, shape) in enumerate(recorded["shapes"].items())}
    content = params([array(tensor, "legacy", device=2) for tensor in entries.values()], list(entries))
    (tmp_path / "rna-a1.params").write_bytes(content)
    network = build_classifier("resnet38", 20)
    loaded = load_pretrained(network, tmp_path / "rna-a1.params")
    assert loaded.layout == "MXNet ResNet38"
    assert loaded.left_random == ("fc8.weight",)
    state = network.state_dict()
    for name, place in recorded["mapping"].items():
        if place is not None:
            assert torch.equal(state[f"backbone.{place}"], entries[name]), name
