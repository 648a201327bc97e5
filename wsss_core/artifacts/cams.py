"""Row of `cams` and `refined_cams`: class scores of one image, kept at grid resolution.

The original systems store float32 maps at image size (750 kB per class of a 375x500 image). A CAM carries no more than
its network's grid does, so the grid is stored and enlarged on reading; that is exact up to float16 rounding.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import pyarrow as pa

SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("class_ids", pa.list_(pa.int32())),
        ("canvas_height", pa.int32()),
        ("canvas_width", pa.int32()),
        ("normalise", pa.bool_()),
        ("dtype", pa.string()),
        ("grid_heights", pa.list_(pa.int32())),
        ("grid_widths", pa.list_(pa.int32())),
        ("peaks", pa.list_(pa.list_(pa.float32()))),
        ("maps", pa.list_(pa.binary())),
        ("attention", pa.binary()),
    ]
)

NORMALISATION_EPSILON = 1e-5  # PSA (Ahn & Kwak, CVPR 2018), multi-scale CAM inference


@dataclass(frozen=True)
class CamRow:
    """Class scores of one image.

    `class_ids` int32 (K,), ascending label ids; 0 is listed only when the background has a channel of its own.
    `maps`: one float array (K, h, w) per scale; image and mirror are already summed.
    `canvas_hw`: pixels that each grid spans (the image, or the image padded right and bottom).
    `normalise`: divide each class by its maximum over the image, after summing the scales and setting negative values
    to 0.
    `attention_NN`: float16 (N, N), how much each cell of the only grid attends to each, N = h·w, where the network has
    attention and it was kept.
    """

    image_id: str
    size_hw: tuple[int, int]
    class_ids: np.ndarray
    maps: tuple[np.ndarray, ...]
    canvas_hw: tuple[int, int]
    normalise: bool
    attention_NN: np.ndarray | None = None

    def scores(self) -> np.ndarray:
        """Float32 (K, H, W): the scales enlarged (bilinear, half-pixel centres), summed, cropped and normalised."""
        height, width = self.size_hw
        total = np.zeros((len(self.class_ids), height, width), np.float32)
        for grid_Khw in self.maps:
            for channel, grid_hw in enumerate(grid_Khw):
                total[channel] += enlarge(grid_hw, self.canvas_hw)[:height, :width]
        return self._normalised(total)

    def scores_on(self, grid_hw: tuple[int, int]) -> np.ndarray:
        """Float32 (K, h, w) on another grid over the image, such as one of stride 4 (sides ceil(H/4), ceil(W/4)): the
        scales resized to it (bilinear, half-pixel centres, no antialiasing), summed and normalised there.

        Maps still to be normalised are taken to span the grid as they are, whatever their canvas (IRN, Ahn et al.,
        CVPR 2019, does so). Final scores keep their place: their canvas gets whole cells of the grid, and those
        beyond the image are cut off.
        """
        total = np.zeros((len(self.class_ids), *grid_hw), np.float32)
        sides = zip(grid_hw, self.canvas_hw, self.size_hw, strict=True)
        rows, columns = (cells if self.normalise else cells * canvas // side for cells, canvas, side in sides)
        for map_Khw in self.maps:
            for channel, map_hw in enumerate(map_Khw):
                total[channel] += enlarge(map_hw, (rows, columns))[: grid_hw[0], : grid_hw[1]]
        return self._normalised(total)

    def _normalised(self, total_KHW: np.ndarray) -> np.ndarray:
        if self.normalise and total_KHW.size:
            np.maximum(total_KHW, 0, out=total_KHW)  # else a class without positive values would turn its sign
            total_KHW /= total_KHW.max(axis=(1, 2), keepdims=True) + NORMALISATION_EPSILON
        return total_KHW


def canvas_at(size_hw: tuple[int, int], copy_hw: tuple[int, int], canvas_hw: tuple[int, int]) -> tuple[int, int]:
    """What `canvas_hw` pixels of a copy of size `copy_hw` span in the image of `size_hw`, rounded to whole pixels."""
    height, width = (
        round(canvas * side / copy) for side, copy, canvas in zip(size_hw, copy_hw, canvas_hw, strict=True)
    )
    return height, width


def enlarge(grid_hw: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Bilinear resize of one float map (h, w) to float32 `size_hw`, half-pixel centres, no antialiasing."""
    height, width = size_hw
    return cv2.resize(np.ascontiguousarray(grid_hw, np.float32), (width, height), interpolation=cv2.INTER_LINEAR)


def encode(row: CamRow, dtype: str = "float16") -> dict[str, object]:
    """Record of a row. With float16 every map is divided by its peak first, so that no range is lost."""
    peaks, data = [], []
    for grid_Khw in row.maps:
        peak_K = np.abs(grid_Khw).max(axis=(1, 2), initial=0).astype(np.float32)
        peak_K[peak_K == 0] = 1
        scaled = grid_Khw / peak_K[:, None, None] if dtype == "float16" else grid_Khw
        peaks.append(peak_K.tolist())
        data.append(np.ascontiguousarray(scaled).astype(np.dtype(dtype).newbyteorder("<")).tobytes())
    return {
        "image_id": row.image_id,
        "height": row.size_hw[0],
        "width": row.size_hw[1],
        "class_ids": [int(label) for label in row.class_ids],
        "canvas_height": row.canvas_hw[0],
        "canvas_width": row.canvas_hw[1],
        "normalise": row.normalise,
        "dtype": dtype,
        "grid_heights": [grid.shape[1] for grid in row.maps],
        "grid_widths": [grid.shape[2] for grid in row.maps],
        "peaks": peaks,
        "maps": data,
        "attention": None if row.attention_NN is None else row.attention_NN.astype("<f2").tobytes(),
    }


def decode(record: Mapping[str, object]) -> CamRow:
    """Row of a record; maps come back as float32."""
    fields = dict(record)
    class_ids = np.asarray(fields["class_ids"], np.int32)
    dtype = np.dtype(str(fields["dtype"])).newbyteorder("<")
    grids = []
    for data, height, width, peaks in zip(
        fields["maps"],
        fields["grid_heights"],
        fields["grid_widths"],
        fields["peaks"],
        strict=True,  # type: ignore[call-overload]
    ):
        grid = np.frombuffer(data, dtype).reshape(len(class_ids), height, width).astype(np.float32)
        if dtype.itemsize == 2:
            grid *= np.asarray(peaks, np.float32)[:, None, None]
        grids.append(grid)
    return CamRow(
        image_id=str(fields["image_id"]),
        size_hw=(fields["height"], fields["width"]),  # type: ignore[arg-type]
        class_ids=class_ids,
        maps=tuple(grids),
        canvas_hw=(fields["canvas_height"], fields["canvas_width"]),  # type: ignore[arg-type]
        normalise=bool(fields["normalise"]),
        attention_NN=_attention(fields.get("attention")),
    )


def _attention(data: object) -> np.ndarray | None:
    """The square matrix of a record; parts of before have no such column."""
    if not isinstance(data, bytes):
        return None
    values = np.frombuffer(data, "<f2")
    side = math.isqrt(values.size)
    return values.reshape(side, side)
