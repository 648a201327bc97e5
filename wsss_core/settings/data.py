"""Settings of the `data` stage: where images, tags, weak labels and ground truth come from."""

from typing import Annotated, Literal

import pydantic

from wsss_core.label_ids import MAX_CLASSES, RESERVED, is_class, with_reserved, without_reserved
from wsss_core.settings.base import Settings
from wsss_core.settings.paths import InputPath

VOC_CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
DENSEPOSE_CLASSES = (
    "torso", "right hand", "left hand", "left foot", "right foot", "upper leg right", "upper leg left",
    "lower leg right", "lower leg left", "upper arm left", "upper arm right", "lower arm left", "lower arm right",
    "head",
)  # fmt: skip
"""The 14 body parts of DensePose-COCO's masks, in their order."""
COCO_CLASSES = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
"""The 80 things of MS-COCO by ascending category id."""
SceneClass = Literal["deer", "sheep", "train", "car", "boat", "balloon", "bottle", "person", "bird", "chair"]
SCENE_CLASSES: tuple[SceneClass, ...] = ("deer", "sheep", "train", "car", "boat", "balloon", "bottle", "person")
BACKGROUND = "background"

ClassNames = tuple[Annotated[str, pydantic.Field(min_length=1)], ...]


def _usable_classes(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names by label id, counted from 1: with stand-ins for 254 and 255 where there are more than 253 classes.

    `ValueError` for no, repeated, reserved or too many ones.
    """
    if not names:
        raise ValueError("expected at least one class, found none")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"class names must differ, found several times: {', '.join(repeated)}")
    if BACKGROUND in names:
        raise ValueError(
            f"{BACKGROUND!r} is label id 0 by itself; list the foreground classes only. As a tag it says that no class "
            "is on the image (`no_class`)"
        )
    if len(without_reserved(names)) > MAX_CLASSES:
        raise ValueError(f"expected at most {MAX_CLASSES} classes, found {len(names)}; join some")
    by_label = with_reserved(names)
    for label, name in enumerate(by_label, start=1):
        if is_class(label) and name in RESERVED.values():
            raise ValueError(f"no class can be called {name!r}: the name stands for pixels without one; rename it")
    return by_label


ForegroundClasses = Annotated[ClassNames, pydantic.AfterValidator(_usable_classes)]


class DataSettings(Settings):
    """What all data methods share."""

    part_size: int = pydantic.Field(default=500, ge=1)
    """Images per part. A part is one job of every per-image stage (5 to 30 minutes are good). Results do not
    depend on it."""

    skip_bad: bool = False
    """Leave out images that cannot be used and list them in the report, instead of stopping with an error."""

    max_pixels: int = pydantic.Field(default=25_000_000, ge=1)
    """Largest image taken, in pixels (width x height). Larger images are an error and are never decoded, because
    memory and time grow with the size."""

    min_side: int = pydantic.Field(default=16, ge=1)
    """Shortest side taken, in pixels. Smaller images hold hardly a cell of a network's grid and are an error."""


class ScenesSettings(DataSettings):
    """Generated scenes with exact masks and all weak labels: the embedded default, needs no files."""

    train_images: int = pydantic.Field(default=240, ge=1)
    """Number of images of the split `train`."""

    val_images: int = pydantic.Field(default=80, ge=1)
    """Number of images of the split `val`."""

    height: int = pydantic.Field(default=120, ge=48, le=2000)
    """Height of the images in pixels."""

    width: int = pydantic.Field(default=160, ge=64, le=2000)
    """Width of the images in pixels."""

    seed: int = pydantic.Field(default=0, ge=0)
    """Which scenes are drawn: the same seed gives the same pictures on every machine."""

    classes: Annotated[tuple[SceneClass, ...], pydantic.AfterValidator(_usable_classes)] = SCENE_CLASSES
    """Classes that occur, in the order of their label ids 1, 2, ..."""


class VocSettings(DataSettings):
    """A folder in the layout of PASCAL VOC: JPEGImages, SegmentationClass, ImageSets/Segmentation."""

    root: InputPath
    """The folder that holds JPEGImages (often called VOC2012)."""

    splits: dict[str, str] = pydantic.Field(default={"train": "train.txt", "val": "val.txt"}, min_length=1)
    """Split name to list file: in ImageSets/Segmentation, or a path relative to `root`. One id a line; the lines
    `/JPEGImages/<id>.jpg /SegmentationClass/<id>.png` of other systems are read as well."""

    tag_source: Literal["xml", "masks", "npy"] = "xml"
    """Where image tags come from: objects of the XML annotations (difficult ones included), classes with a pixel in
    the mask, or the array `tags_file`. They differ, so the report names the source."""

    tags_file: str = "cls_labels.npy"
    """For `tag_source: npy`: dictionary of image id to a vector over the classes; relative to `root`."""

    classes: ForegroundClasses = VOC_CLASSES
    """Foreground classes in the order of their label ids 1, 2, ..."""

    images: str = "JPEGImages"
    """Folder of the images, relative to `root`."""

    truth: str | None = "SegmentationClass"
    """Folder of the ground-truth label PNGs, relative to `root`; null when there are none. Images without a file in
    it have no ground truth."""

    instance_truth: str | None = "SegmentationObject"
    """Folder of PNGs that number the true objects (255 = void), relative to `root`; their classes are those of the
    `truth` mask. Need not exist, and is needed for the AP of instances only."""

    annotations: str = "Annotations"
    """Folder of the XML annotations, relative to `root`: tags and boxes. Need not exist for other tag sources."""

    boxes_file: str = "boxes.json"
    """JSON of image id to a list of [xmin, ymin, xmax, ymax, class], counted from 1 and inclusive as in VOC, or CSV
    with the columns `image,xmin,ymin,xmax,ymax,class`; relative to `root`. When the file exists, boxes are taken from
    it instead of the XML annotations."""

    points_file: str = "points.json"
    """JSON of image id to a list of [x, y, class], counted from 0, or of objects with `x`, `y` and `cls`, the class id
    (What's the Point, Bearman et al., ECCV 2016), or CSV with the columns `image,x,y,class`; relative to `root`. Need
    not exist."""

    scribbles: str | None = None
    """Folder of scribbles, relative to `root`: PNGs (label ids, 255 = unlabelled) or ScribbleSup's XML files."""

    saliency: str | None = None
    """Folder of saliency PNGs (uint8, 255 = salient), relative to `root`."""


class CocoSettings(DataSettings):
    """MS-COCO 2014 or 2017 with the lists, tags and masks that `wsss coco` makes from its instance files."""

    root: InputPath
    """The folder that holds the image folders, and what `wsss coco --out` wrote."""

    splits: dict[str, str] = pydantic.Field(default={"train": "train2014", "val": "val2014"}, min_length=1)
    """Split name to the folder of its images, relative to `root`. The ids are in ImageSets/Segmentation/<split>.txt,
    the masks in SegmentationClass/<folder of the images>."""

    tags_file: str = "cls_labels.npy"
    """Dictionary of image id to a vector over the classes; relative to `root`."""

    classes: ForegroundClasses = COCO_CLASSES
    """Foreground classes in the order of their label ids 1, 2, ..."""

    truth: str | None = "SegmentationClass"
    """Folder of the masks, relative to `root`; null: no ground truth. Images without a file in it have none."""

    saliency: str | None = None
    """Folder of saliency PNGs (uint8, 255 = salient) by image id, relative to `root`."""


class FolderSettings(DataSettings):
    """Any folder of photographs with tags: a table, annotations of a labelling tool, masks, a sub-folder per class."""

    images: InputPath
    """Folder of the images; sub-folders are searched as well."""

    tags: InputPath | None = None
    """One of: a CSV file with the columns `file` (relative to `images`), `tags` (separated by `;`, may be empty) and,
    if wanted, `split`, or with one column of 0 and 1 per class; annotations as COCO JSON, Label Studio JSON, CVAT XML
    (`CVAT for images 1.1`), or a folder of VOC XML files, whose boxes are kept. null: every image's tag is the name of
    its first sub-folder."""

    tag_source: Literal["tags", "masks"] = "tags"
    """masks: an image's tags are the classes with a pixel in its mask in `truth`; images without a mask are left out,
    and `classes` must be given."""

    no_class: ClassNames = (BACKGROUND,)
    """Tags that say that no class is on the image, such as `intact` where the only class is `crack`, or a sub-folder
    called so. The image is kept, without them."""

    unlisted_tags: Literal["refuse", "drop"] = "refuse"
    """drop: leave out tags that are not in `classes`, e.g. to take some classes of many; refuse: they are an error."""

    classes: ClassNames = ()
    """Foreground classes in the order of their label ids 1, 2, ... Empty: all tags found, in alphabetical order."""

    val_fraction: float = pydantic.Field(default=0.0, ge=0.0, lt=1.0)
    """Share of the images that goes into the split `val`, drawn by a hash of the image id, so that adding images
    moves no other image. Not used when the CSV has a column `split`."""

    split_seed: int = pydantic.Field(default=0, ge=0)
    """Draws another `val` of the same share."""

    truth: InputPath | None = None
    """Folder of ground-truth label PNGs, named as the images but with the ending .png; null when there are none."""

    boxes_file: InputPath | None = None
    """JSON of image id (the path below `images` without the ending) to a list of [xmin, ymin, xmax, ymax, class],
    counted from 1 and inclusive as in VOC, or CSV with the columns `image,xmin,ymin,xmax,ymax,class`. They go before
    the boxes of annotations in `tags`; null: those alone."""

    points_file: InputPath | None = None
    """JSON of image id to a list of [x, y, class], counted from 0, or of objects with `x`, `y` and `cls`, the class id,
    or CSV with the columns `image,x,y,class`; null: none."""

    scribbles: InputPath | None = None
    """Folder of scribbles, named as the images: PNGs of label ids (255 = unlabelled) or ScribbleSup's XML files; null:
    none."""

    @pydantic.field_validator("classes")
    @classmethod
    def _classes_are_usable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _usable_classes(value) if value else value

    @pydantic.model_validator(mode="after")
    def _fits_together(self) -> "FolderSettings":
        if self.tag_source == "masks" and (self.truth is None or not self.classes):
            raise ValueError("tag_source: masks needs `truth`, the folder of the masks, and `classes`")
        if self.unlisted_tags == "drop" and not self.classes:
            raise ValueError("unlisted_tags: drop needs `classes`: those to keep")
        if both := sorted(set(self.classes) & set(self.no_class)):
            raise ValueError(f"{both[0]!r} stands in `classes` and in `no_class`; take it out of one of them")
        return self
