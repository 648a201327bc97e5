"""`wsss export EXPERIMENT/SEGMENTER --format onnx`: a segmenter's network as a file that runs elsewhere."""

import re
from pathlib import Path

from wsss_core.checkpoints.store import load_network
from wsss_core.commands.places import FinishedStage
from wsss_core.commands.trained_segmenter import trained_segmenter
from wsss_core.segmenters.onnx_file import SMALLEST_SIDE, look_size, write_onnx
from wsss_core.segments.bank import FILE_NAME as BANK
from wsss_core.settings.base import SettingsError
from wsss_core.settings.one_stage import OneStagePredictionsSettings


def export_onnx(stage: FinishedStage, out: Path, look: str | None) -> str:
    """Write a segmenter's network, and say so. Raises `SettingsError` for one whose answers are not the network's."""
    if (stage.folder / BANK).is_file():
        raise SettingsError(
            f"{stage.experiment}/{stage.name} answers by the nearest segments of its bank, a search that an ONNX file "
            "has no place for. To do: export the segmenter that it was made from, whose softmax classifier labels "
            "pixels (pixel_classifier or pixel_to_segment)."
        )
    network, card = load_network(stage.folder)
    look_hw = look_size(network, parse_size(look))
    asked = trained_segmenter(str(stage.folder))
    one_stage = asked.settings if isinstance(asked.settings, OneStagePredictionsSettings) else None
    difference = write_onnx(network, card, out, one_stage, look_hw)
    text = (
        f"network of {stage.experiment}/{stage.name} written to {out}: image uint8 RGB (1, H, W, 3) -> probabilities "
        f"(1, {len(card.classes) + 1}, H, W); largest difference from PyTorch {difference:.1e}"
    )
    if one_stage is not None:
        text += f"\nclass decision and background as in {asked.settings_from or 'the defaults of one_stage'}"
    if look_hw is not None:
        text += f"\nevery photograph is looked at resized to {look_hw[0]}x{look_hw[1]} (--look HEIGHTxWIDTH)"
    return text


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Height and width that "512x683" means; None of None. Raises `SettingsError` for another text."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if match is None or min(int(side) for side in match.groups()) < SMALLEST_SIDE:
        raise SettingsError(
            f"--look: expected HEIGHTxWIDTH in pixels of at least {SMALLEST_SIDE}, such as 512x683, found {text!r}"
        )
    return int(match[1]), int(match[2])
