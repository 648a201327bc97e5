"""Regions from MobileSAM's automatic masks (Zhang et al., 2023)."""

from collections.abc import Mapping
from pathlib import Path

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.regions import RegionRow
from wsss_core.checkpoints.fit import compare, shapes_of
from wsss_core.checkpoints.reading import read_state
from wsss_core.data.images import read_image
from wsss_core.networks.sam.sam import Sam, build_mobile_sam, for_inference
from wsss_core.regions.mask_generator import MaskGenerator
from wsss_core.settings.paths import where_it_leads
from wsss_core.settings.regions import MobileSamSettings
from wsss_core.stages.context import Processor, StageContext

PUBLISHED_SHA256 = "6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f"


def load_mobile_sam(path: Path) -> Sam:
    """MobileSAM with the weights of a published file, ready for inference on the CPU.

    Raises `FileNotFoundError` (with what to fetch) or `ValueError` (unreadable, or weights of another network).
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"expected the MobileSAM weights at {where_it_leads(path)}, found no such file. Fetch "
            "`weights/mobile_sam.pt` (40,728,226 bytes, Apache-2.0) of the GitHub repository ChaoningZhang/MobileSAM, "
            f"put it there or correct the setting `weights`; its sha256 is {PUBLISHED_SHA256}"
        )
    state = read_state(path)
    network = build_mobile_sam()
    misfit = compare(shapes_of(network.state_dict()), shapes_of(state))
    if misfit:
        raise ValueError(
            f"{path}: expected the weights of MobileSAM (`mobile_sam.pt`, sha256 {PUBLISHED_SHA256}), found those of "
            f"another network: {misfit.describe()}"
        )
    network.load_state_dict(state)
    return for_inference(network)


def processor(context: StageContext) -> Processor:
    """Loads the network once; then one set of overlapping masks per image, best predicted IoU first.

    Levels are 0 subpart, 1 part, 2 whole.
    """
    settings = context.typed_settings(MobileSamSettings)
    network = load_mobile_sam(Path(settings.weights).expanduser()).to(context.device)
    generate = MaskGenerator(network, settings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> RegionRow:
        image_HW3 = read_image(record.file)
        masks = generate(image_HW3)
        return RegionRow(
            image_id=record.image_id,
            size_hw=(image_HW3.shape[0], image_HW3.shape[1]),
            rles=masks.rles,
            area=masks.area_R,
            level=masks.level_R,
            predicted_iou=masks.predicted_iou_R,
            stability=masks.stability_R,
        )

    return process
