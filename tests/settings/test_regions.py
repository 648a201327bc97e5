import pytest

from wsss_core.settings import regions
from wsss_core.settings.base import Settings, SettingsError
from wsss_core.settings.regions import MobileSamSettings, PrecomputedRegionsSettings, SlicSettings

MODELS = [
    model
    for model in vars(regions).values()
    if isinstance(model, type) and issubclass(model, Settings) and model.__module__ == regions.__name__
]


@pytest.mark.parametrize("model", MODELS)
def test_every_field_is_described(model):
    undescribed = [name for name, field in model.model_fields.items() if not field.description]
    assert len(MODELS) == 5
    assert undescribed == []


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (MobileSamSettings, {"stability_threshold": 1.2}),
        (MobileSamSettings, {"precision": "float16"}),
        (MobileSamSettings, {"points_per_side": 0}),
        (SlicSettings, {"n_regions": 0}),
        (PrecomputedRegionsSettings, {"folder": "a", "void_label": 70000}),
        (PrecomputedRegionsSettings, {}),
    ],
)
def test_values_out_of_range_are_refused_with_the_key(model, values):
    key = next(reversed(values), "folder")
    with pytest.raises(SettingsError, match=f"stage 'regions': key '{key}'"):
        model.parse(values, "stage 'regions'")
