"""Settings of data sets: faults in a configuration are found before anything runs."""

import pytest

from wsss_core.settings.base import SettingsError
from wsss_core.settings.data import SCENE_CLASSES, VOC_CLASSES, FolderSettings, ScenesSettings, VocSettings

MODELS = (ScenesSettings, VocSettings, FolderSettings)


def test_defaults_are_those_of_the_quick_start() -> None:
    settings = ScenesSettings()
    assert len(settings.classes) >= 8
    assert settings.part_size == 500
    assert not settings.skip_bad
    assert len(VOC_CLASSES) == 20
    assert list(VOC_CLASSES) == sorted(VOC_CLASSES)


@pytest.mark.parametrize("model", MODELS)
def test_every_field_is_described(model: type[VocSettings]) -> None:
    for name, field in model.model_fields.items():
        assert field.description, f"{model.__name__}.{name}"


def test_unknown_keys_and_scene_classes_are_refused() -> None:
    with pytest.raises(SettingsError, match="unknown key 'skipbad'; did you mean 'skip_bad'"):
        ScenesSettings.parse({"skipbad": True}, "data")
    with pytest.raises(SettingsError, match="zebra"):
        ScenesSettings.parse({"classes": ["zebra"]}, "data")


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["cat", "cat"], "several times: cat"),
        (["background", "cat"], "label id 0 by itself"),
        (["(ignore)", "cat"], r"no class can be called '\(ignore\)'"),
        ([str(number) for number in range(65534)], "at most 65533 classes"),
        ([""], "at least 1 character"),
    ],
)
def test_unusable_class_names_are_refused(classes: list[str], message: str) -> None:
    for values, model in (({"root": "x"}, VocSettings), ({"images": "x"}, FolderSettings)):
        with pytest.raises(SettingsError, match=message):
            model.parse({**values, "classes": classes}, "data")


def test_classes_may_be_left_to_the_folder_but_not_to_voc() -> None:
    assert FolderSettings(images="x").classes == ()
    with pytest.raises(SettingsError, match="at least one class"):
        VocSettings.parse({"root": "x", "classes": []}, "data")
    with pytest.raises(SettingsError, match="several times: car"):
        ScenesSettings.parse({"classes": ["car", "car"]}, "data")


@pytest.mark.parametrize(
    "values", [{"part_size": 0}, {"max_pixels": 0}, {"min_side": 0}, {"train_images": 0}, {"height": 10}, {"seed": -1}]
)
def test_numbers_out_of_range_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match=next(iter(values))):
        ScenesSettings.parse(values, "data")


def test_scene_classes_of_the_default_can_all_be_drawn() -> None:
    from wsss_core.data.scene_things import KINDS

    assert set(SCENE_CLASSES) <= set(KINDS)
