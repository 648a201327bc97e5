import importlib

import pytest

from wsss_core import registry
from wsss_core.networks.names import ARCHITECTURES
from wsss_core.settings.base import Settings
from wsss_core.settings.graph import RESERVED_KEYS

METHODS = [(kind, name) for kind, methods in registry.METHODS.items() for name in methods]


def needed_functions(kind: str) -> tuple[str, ...]:
    """What the scripts call in a method's module."""
    if kind in registry.PER_IMAGE_KINDS:
        return ("processor",)
    if kind in registry.TRAINING_KINDS:
        return ("train",)
    return {"data": ("list_images", "build"), "evaluation": ("evaluate",), "report": ("build",)}[kind]


def test_every_kind_has_a_method_and_every_method_a_known_kind() -> None:
    assert set(registry.METHODS) == set(registry.KINDS)
    assert all(registry.METHODS.values())


@pytest.mark.parametrize(("kind", "method"), METHODS)
def test_settings_of_every_method_are_documented_field_by_field(kind: str, method: str) -> None:
    model = registry.load(registry.METHODS[kind][method].settings)
    assert isinstance(model, type)
    assert issubclass(model, Settings)
    assert [name for name, field in model.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(("kind", "method"), METHODS)
def test_only_splits_and_expected_may_be_settings_of_a_method_instead_of_keys_of_the_stage(
    kind: str, method: str
) -> None:
    model = registry.load(registry.METHODS[kind][method].settings)
    assert isinstance(model, type)
    assert issubclass(model, Settings)
    assert set(model.model_fields) & set(RESERVED_KEYS) <= {"splits", "expected"}


@pytest.mark.parametrize(("kind", "method"), METHODS)
def test_the_module_of_every_method_offers_what_the_scripts_call(kind: str, method: str) -> None:
    module = importlib.import_module(registry.METHODS[kind][method].module)
    for name in needed_functions(kind):
        assert callable(getattr(module, name, None)), name


@pytest.mark.parametrize(("kind", "method"), METHODS)
def test_slots_take_known_kinds_and_methods_and_none_is_called_data(kind: str, method: str) -> None:
    slots = registry.METHODS[kind][method].slots
    assert "data" not in slots
    assert {name for slot in slots.values() for name in slot.kinds} <= set(registry.KINDS)
    for slot in slots.values():
        methods = {name for of in slot.kinds for name in registry.METHODS[of]}
        assert set(slot.methods) <= methods | (set(ARCHITECTURES) if slot.kinds == ("segmenter",) else set())


def test_files_from_elsewhere_are_taken_only_where_a_stage_asks_for_them() -> None:
    assert registry.only_method("instances") == "boundary_walk"
    assert registry.only_method("seeds") is registry.only_method("predictions") is None
    foreign = {method for kind, method in METHODS if registry.METHODS[kind][method].foreign}
    assert foreign == {method for _, method in METHODS if method.startswith(("precomputed", "published"))}


def test_an_unknown_name_cannot_be_loaded() -> None:
    with pytest.raises(AttributeError):
        registry.load("wsss_core.settings.base:Nothing")
