import pytest

from wsss_core.settings.base import SettingsError
from wsss_core.settings.precomputed import (
    PrecomputedCamsSettings,
    PrecomputedLabelsSettings,
    PrecomputedPairSettings,
    PrecomputedSettings,
)
from wsss_core.settings.regions import PrecomputedRegionsSettings


@pytest.mark.parametrize(
    ("settings", "folders"),
    [
        (PrecomputedCamsSettings(folder="c"), [("folder", "c", ("{id}.npy",))]),
        (PrecomputedLabelsSettings(folder="l", file_name="{id}_m.png"), [("folder", "l", ("{id}_m.png",))]),
        (
            PrecomputedPairSettings(low_folder="la", high_folder="ha"),
            [("low_folder", "la", ("{id}.npy",)), ("high_folder", "ha", ("{id}.npy",))],
        ),
        (PrecomputedRegionsSettings(folder="r"), [("folder", "r", ("{id}.png", "{id}.json", "{id}.pkl"))]),
    ],
)
def test_the_settings_say_which_files_every_image_needs(settings: PrecomputedSettings, folders: list[object]) -> None:
    assert list(settings.files()) == folders
    assert set(type(settings).model_fields) >= {files.setting for files in settings.files()}


@pytest.mark.parametrize("model", [PrecomputedCamsSettings, PrecomputedLabelsSettings])
def test_a_file_name_without_the_image_id_is_refused(model: type[PrecomputedSettings]) -> None:
    with pytest.raises(SettingsError, match="key 'file_name'"):
        model.parse({"folder": "a", "file_name": "cam.npy"}, "stage 'cams'")


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"key 'form': .*'psa'.*'fma', found 'seam'"):
        PrecomputedCamsSettings.parse({"folder": "a", "form": "seam"}, "stage 'cams'")
