"""Names of networks: what the workflow reads without importing torch."""

import importlib

import pytest

from wsss_core import registry
from wsss_core.networks.names import (
    AFFINITY_NETS,
    ARCHITECTURES,
    CLASSIFIERS,
    NETWORKS,
    SWINS,
    architecture_address,
    network_modules,
)

WITHOUT_HEAD = {"published", "prompts", "published_prompts", "pixel_to_segment", "pixel_classifier", "segment_bank"}
"""Methods whose settings name the architecture, or that train something else than a head on a backbone."""


@pytest.mark.parametrize("table", [NETWORKS, SWINS, CLASSIFIERS, AFFINITY_NETS, ARCHITECTURES])
def test_every_name_leads_to_code(table):
    for address in table.values():
        module, attribute = address.split(":")
        assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize("kind", registry.TRAINING_KINDS)
def test_every_training_method_is_an_architecture_of_its_kind(kind):
    for method in set(registry.METHODS[kind]) - WITHOUT_HEAD:
        assert architecture_address(kind, method)


def test_modules_are_those_of_the_backbone_and_of_the_architecture():
    assert network_modules("affinity", "resnet50", "irnet") == (
        "wsss_core.networks.resnet",
        "wsss_core.networks.irnet",
    )


def test_without_a_name_the_networks_of_psa_are_meant():
    assert network_modules("classifier", "small") == network_modules("classifier", "small", "psa")
    assert network_modules("affinity", "small") == network_modules("affinity", "small", "affinitynet")


@pytest.mark.parametrize(
    ("role", "architecture", "message"),
    [
        ("segmenter", None, "a segmenter needs an architecture; known are: deeplab_v1"),
        ("oracle", None, "unknown role 'oracle'; known are: classifier, affinity, segmenter"),
        ("classifier", "irnet", "unknown classifier 'irnet'; known are: psa, irn"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(role, architecture, message):
    with pytest.raises(ValueError, match=message):
        architecture_address(role, architecture)
