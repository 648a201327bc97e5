from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.checkpoints.card import NetworkCard, card_from_plain, card_to_plain
from wsss_core.networks.normalisation import CAFFE_BGR, IMAGENET_RGB

SOURCE = Path("model.json")
CARD = NetworkCard(role="affinity", backbone="vgg16", classes=(), normalisation=CAFFE_BGR)


@given(
    st.lists(st.text(), max_size=4),
    st.sampled_from([CAFFE_BGR, IMAGENET_RGB]),
    st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none(), st.lists(st.integers())), max_size=3),
)
def test_card_survives_the_way_through_plain_values(classes, normalisation, trained_on):
    card = NetworkCard(
        role="classifier",
        backbone="resnet50",
        classes=tuple(classes),
        normalisation=normalisation,
        options={"output_stride": 16},
        trained_on=trained_on,
    )
    assert card_from_plain(card_to_plain(card), SOURCE) == card


def test_options_the_factory_adds_are_written_down():
    plain = card_to_plain(CARD)
    assert plain["options"] == {"fc6_dilation": 4}
    with torch.device("meta"):
        assert card_from_plain(plain, SOURCE).build().backbone.fc6.dilation == (4, 4)


def test_built_network_has_the_cards_input_rule_and_class_count():
    card = NetworkCard(role="classifier", backbone="vgg16", classes=("a", "b"), normalisation=IMAGENET_RGB)
    with torch.device("meta"):
        network = card.build()
    assert network.normalisation == IMAGENET_RGB
    assert network.fc8.out_channels == 2


def test_segmenter_has_one_channel_more_than_foreground_classes():
    card = NetworkCard("segmenter", "small", ("a", "b"), IMAGENET_RGB, architecture="deeplab_v3plus")
    assert card.build().classes == 3


def test_networks_of_irn_are_built_again_from_their_cards():
    classifier = NetworkCard("classifier", "resnet18", ("a", "b"), IMAGENET_RGB, architecture="irn")
    irnet = NetworkCard("affinity", "small", (), IMAGENET_RGB, architecture="irnet")
    with torch.device("meta"):
        rebuilt = card_from_plain(card_to_plain(classifier), SOURCE)
        network = rebuilt.build()
        assert type(irnet.build()).__name__ == "IRNet"
    assert rebuilt.options == {"output_stride": 16, "dilate": False}
    assert type(network).__name__ == "IrnClassifier"
    assert network.stride == 16


@pytest.mark.parametrize(("role", "architecture"), [("segmenter", None), ("oracle", None), ("oracle", "deeplab_v1")])
def test_role_without_its_parts_is_refused_with_both_values(role, architecture):
    card = NetworkCard(role, "small", ("a",), IMAGENET_RGB, architecture=architecture)
    with pytest.raises(ValueError, match=rf"found role '{role}', architecture {architecture!r}"):
        card.build()


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"normalisation": None},
        {"normalisation": {"mean": [0, 0, 0]}},
        {"normalisation": {"mean": 1, "std": 1, "bgr": False, "scale": 1}},
        {"classes": "cat"},
        {"unknown": 1},
    ],
    ids=str,
)
def test_faulty_card_is_refused_with_the_file(change):
    with pytest.raises(ValueError, match=r"^model\.json: "):
        card_from_plain({**card_to_plain(CARD), **change}, SOURCE)


@pytest.mark.parametrize("field", ["classes", "normalisation", "role", "backbone"])
def test_card_without_a_needed_field_is_refused_with_the_field(field):
    plain = card_to_plain(CARD)
    del plain[field]
    with pytest.raises(ValueError, match=field):
        card_from_plain(plain, SOURCE)


@pytest.mark.parametrize("classes", [("dog", "cat"), ("cat",), ("cat", "dog", "cow"), ()])
def test_other_classes_or_another_order_are_refused_with_the_remedy(classes):
    card = NetworkCard("segmenter", "small", ("cat", "dog"), IMAGENET_RGB, "deeplab_v2")
    card.require_classes(("cat", "dog"), Path("results/x"))
    with pytest.raises(ValueError, match=r"results/x: the network knows the classes cat, dog, .*To do: name"):
        card.require_classes(classes, Path("results/x"))
