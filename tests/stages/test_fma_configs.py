"""The small configurations of FMA-WSSS: what stands in for what; nothing of SAMS is tuned on real photographs."""

from pathlib import Path

import pytest

from wsss_core.settings.experiment import Experiment
from wsss_core.settings.seeds import SamsSettings

CONFIG = Path(__file__).parents[2] / "config"
PUBLISHED_ALPHAS = {0.6, 0.7, 1.0}


def test_the_quick_start_ends_in_a_segmenter_on_seeds_of_superpixels() -> None:
    stages = Experiment.load(CONFIG / "quickstart_fma.yaml").stages
    assert stages["segmenter"].inputs["seeds"] == ("quickstart_fma/seeds",)
    assert stages["seeds"].inputs["regions"] == ("quickstart/regions",)
    assert stages["seeds"].settings == SamsSettings()


@pytest.mark.skipif(not (CONFIG.parents[1] / "shared").is_dir(), reason="needs ../shared, as the configuration does")
def test_on_photographs_sams_has_published_settings_or_one_published_variant() -> None:
    stages = Experiment.load(CONFIG / "voc_mini_fma.yaml").stages
    sams = [stage for stage in stages.values() if stage.experiment == "voc_mini_fma" and stage.method == "sams"]
    assert len(sams) == 9
    for stage in sams:
        assert isinstance(stage.settings, SamsSettings)
        changed = stage.settings.model_dump(exclude_defaults=True)
        assert changed.pop("alpha", 0.6) in PUBLISHED_ALPHAS
        assert len(changed) <= 1
        assert stage.inputs["regions"] == ("voc_mini_psa/regions",)
