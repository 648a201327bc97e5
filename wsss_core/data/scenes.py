"""`scenes`: generated photograph-like pictures with exact masks, written as a PASCAL VOC folder.

Two traps of weak supervision are planted. Deer and sheep share one body and differ by the small head; trains nearly
always stand on rails, which are background. Hues are drawn per object, so colour alone tells nothing.
"""

import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from wsss_core.artifacts.atomic import write_bytes, write_json, write_text
from wsss_core.artifacts.manifest import Box, Listing, Manifest, Point
from wsss_core.data import scene_weak_labels as weak
from wsss_core.data import voc
from wsss_core.data.labels import encode_label_png
from wsss_core.data.scene_layout import scene_rng
from wsss_core.data.scene_render import Scene, draw_scene
from wsss_core.data.voc_files import to_voc_boxes, write_annotation
from wsss_core.progress import progress, stage_job
from wsss_core.settings.data import BACKGROUND, ScenesSettings, VocSettings

LAYOUT_FOLDER = "VOC-layout"
_JPEG = {"format": "JPEG", "quality": 95, "subsampling": 0}


def list_images(settings: ScenesSettings) -> Listing:
    """Ids `scene_00000` ...: first the train images, then the val images."""
    count = settings.train_images + settings.val_images
    splits = tuple(("train",) if index < settings.train_images else ("val",) for index in range(count))
    return Listing(tuple(f"scene_{index:05d}" for index in range(count)), splits, settings.part_size)


def input_files(settings: ScenesSettings) -> list[Path]:
    """None: everything is drawn."""
    return []


def build(settings: ScenesSettings, listing: Listing, folder: Path | str) -> Manifest:
    """Draw all scenes into `folder`/VOC-layout and make the manifest by reading that folder."""
    root = Path(folder) / LAYOUT_FOLDER
    write_layout(settings, listing, root, stage_job(folder))
    manifest = voc.build(layout_settings(settings, root), listing, folder)
    return replace(
        manifest, dataset=f"generated scenes, seed {settings.seed}", tag_source="the classes that were drawn"
    )


def layout_settings(settings: ScenesSettings, root: Path | str) -> VocSettings:
    """Settings of the method `voc` that read the written scenes, weak labels included."""
    shared = {name: getattr(settings, name) for name in ("part_size", "skip_bad", "max_pixels", "min_side")}
    return VocSettings(
        root=str(root),
        tag_source="masks",
        classes=settings.classes,
        scribbles="Scribbles",
        saliency="Saliency",
        **shared,
    )


def write_layout(settings: ScenesSettings, listing: Listing, root: Path, job: str = "scenes") -> None:
    """Write images, masks, annotations, weak labels and lists; what lay in `root` before is removed."""
    shutil.rmtree(root, ignore_errors=True)
    boxes: dict[str, tuple[Box, ...]] = {}
    points: dict[str, tuple[Point, ...]] = {}
    for index, image_id in enumerate(progress(listing.ids, job, len(listing.ids))):
        scene = draw_scene(settings.seed, image_id, index, settings.classes, (settings.height, settings.width))
        rng = scene_rng(settings.seed, image_id, "weak labels")
        boxes[image_id], points[image_id] = weak.boxes(scene), weak.points(scene, rng)
        write_bytes(root / "Scribbles" / f"{image_id}.png", encode_label_png(weak.scribbles(scene, rng)))
        write_bytes(root / "Saliency" / f"{image_id}.png", _png(Image.fromarray(weak.saliency(scene, rng))))
        _write_scene(root, image_id, scene, boxes[image_id], settings.classes)
    named = {image_id: to_voc_boxes(found, settings.classes) for image_id, found in boxes.items()}
    write_json(root / "boxes.json", named)
    names = (BACKGROUND, *settings.classes)
    clicks = {image_id: [[p.x, p.y, names[p.label]] for p in found] for image_id, found in points.items()}
    write_json(root / "points.json", clicks)
    for split in listing.split_names:
        lines = "".join(f"{image_id}\n" for image_id in listing.ids_of(split))
        write_text(root / "ImageSets" / "Segmentation" / f"{split}.txt", lines)


def _write_scene(root: Path, image_id: str, scene: Scene, boxes: tuple[Box, ...], classes: tuple[str, ...]) -> None:
    buffer = io.BytesIO()
    Image.fromarray(scene.image_HW3).save(buffer, **_JPEG)  # type: ignore[arg-type]
    write_bytes(root / "JPEGImages" / f"{image_id}.jpg", buffer.getvalue())
    write_bytes(root / "SegmentationClass" / f"{image_id}.png", encode_label_png(scene.label_HW))
    objects = encode_label_png(scene.instance_HW.astype(np.uint8))  # a handful per scene
    write_bytes(root / "SegmentationObject" / f"{image_id}.png", objects)
    size_hw = (scene.label_HW.shape[0], scene.label_HW.shape[1])
    text = write_annotation(image_id, f"{image_id}.jpg", size_hw, to_voc_boxes(boxes, classes))
    write_text(root / "Annotations" / f"{image_id}.xml", text)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
