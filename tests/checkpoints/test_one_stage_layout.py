"""The published layouts of WS-FCN and its parent load strictly into our networks."""

import json
from pathlib import Path

import pytest
import torch

from wsss_core.checkpoints.fit import compare, shapes_of
from wsss_core.checkpoints.one_stage_layout import ONE_STAGE_LAYOUT, is_used, to_own_name
from wsss_core.checkpoints.pretrained import CheckpointError, detect_layout, load_pretrained
from wsss_core.networks.factory import build_segmenter
from wsss_core.networks.normalisation import CAFFE_BGR, IMAGENET_RGB

DATA = Path(__file__).parents[1] / "golden" / "data" / "wsfcn"
NETWORKS = sorted(path.name.removesuffix(".layout.json") for path in DATA.glob("*_resnet*.layout.json"))
NETWORKS += ["ae_vgg16", "bsl_vgg16", "onestage_ae_vgg16", "onestage_bsl_vgg16"]


def published_state(name: str) -> dict[str, torch.Tensor]:
    layout = json.loads((DATA / f"{name}.layout.json").read_text(encoding="utf-8"))
    return {key: torch.empty(shape, device="meta") for key, shape in layout.items()}


def architecture_of(name: str) -> tuple[str, str]:
    head, backbone = name.removeprefix("onestage_").split("_")
    parent = name.startswith("onestage_")
    return "one_stage_cam" if head == "bsl" else "one_stage" if parent else "ws_fcn", backbone


@pytest.mark.parametrize("name", NETWORKS)
def test_published_file_is_recognised_and_fits_exactly(name):
    state = published_state(name)
    architecture, backbone = architecture_of(name)
    with torch.device("meta"):
        network = build_segmenter(architecture, backbone, 21)
    assert detect_layout(state, Path("model_enc.pth")) is ONE_STAGE_LAYOUT
    assert not compare(shapes_of(network.state_dict()), shapes_of(ONE_STAGE_LAYOUT.translate(state)))


def test_released_networks_have_355_and_309_entries():
    assert len(published_state("ae_resnet38")) == 355
    assert len(published_state("onestage_ae_resnet38")) == 309


def test_only_what_computes_nothing_is_left_out():
    unused = [name for name in published_state("ae_resnet38") if not is_used(name)]
    assert len(unused) == 3 + 4 * 5
    assert all(name.startswith("_aff.") or ".bn." in name for name in unused)
    assert all(is_used(name) for name in published_state("onestage_bsl_resnet38"))
    assert is_used("aspp.aspp1.bn.weight")


def test_of_the_three_classifiers_of_the_baseline_the_last_is_in_force():
    state = {name: torch.tensor(float(n)) for n, name in enumerate(published_state("bsl_vgg16"))}
    assert ONE_STAGE_LAYOUT.translate(state)["fc8.weight"] == state["mask_branch.0.weight"]
    assert to_own_name("cls_branch.2.weight") == "fc8.weight"


def test_our_own_names_are_not_taken_for_published_ones():
    with torch.device("meta"):
        assert not ONE_STAGE_LAYOUT.recognises(dict(build_segmenter("ws_fcn", "small", 3).state_dict()))


def write_published(path: Path, network: torch.nn.Module) -> None:
    state = {name.removeprefix("backbone."): value for name, value in network.state_dict().items()}
    state["_aff.aff_x.kernel"] = torch.zeros(8, 1, 3, 3)
    torch.save(state, path)


def test_a_snapshot_loads_entirely_and_its_backbone_starts_another_network(tmp_path):
    torch.manual_seed(0)
    source = build_segmenter("ws_fcn", "vgg16", 4)
    write_published(tmp_path / "model_enc_e018Xs0.905.pth", source)
    network = build_segmenter("ws_fcn", "vgg16", 4)
    network.backbone.normalisation = CAFFE_BGR
    loaded = load_pretrained(network, tmp_path / "model_enc_e018Xs0.905.pth", with_head=True)
    assert loaded.layout == "WS-FCN"
    assert network.normalisation == IMAGENET_RGB
    assert all(torch.equal(value, source.state_dict()[name]) for name, value in network.state_dict().items())
    other = build_segmenter("one_stage", "vgg16", 4)
    load_pretrained(other, tmp_path / "model_enc_e018Xs0.905.pth")
    assert torch.equal(other.backbone.fc7.weight, source.backbone.fc7.weight)
    with pytest.raises(CheckpointError, match=r"missing, first aspp.*unexpected, first"):
        load_pretrained(other, tmp_path / "model_enc_e018Xs0.905.pth", with_head=True)
