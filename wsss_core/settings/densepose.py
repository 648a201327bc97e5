"""Settings of the data method `densepose`: COCO 2014 photographs of people with labelled body parts."""

import pydantic

from wsss_core.settings.data import DENSEPOSE_CLASSES, DataSettings, ForegroundClasses
from wsss_core.settings.paths import InputPath


class DensePoseSettings(DataSettings):
    """DensePose-COCO as SPML keeps it: JPEGs below `images`, grey PNGs of body parts and of points beside them."""

    root: InputPath
    """The folder that holds `images` and `segcls`."""

    splits: dict[str, str] = pydantic.Field(
        default={"train": "images/train2014", "val": "images/val2014"}, min_length=1
    )
    """Split name to the folder of its images, or to a list file with one image a line, as `image` or `image label
    over-segmentation`; relative to `root`. Images without a mask and without points are left out of a folder."""

    truth: str = "segcls/densepose/gray"
    """Folder below `root`, with the sub-folders of the images: PNGs of the 14 parts, 0 background, 255 ignore."""

    points: str | None = "segcls/densepose_points/gray"
    """Folder of the same form with the parts at annotated points alone; every number from 15 to 254 is unlabelled, 255
    is to be left out. null: none."""

    instance_truth: str | None = None
    """Folder of the same form with PNGs that number the people (255 = none), for the evaluation's `by_instance`. null:
    none."""

    classes: ForegroundClasses = DENSEPOSE_CLASSES
    """Names of the parts in the order of their label ids 1, 2, ... Those called left and right change places in a
    mirror."""
