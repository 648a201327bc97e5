"""Settings of the `saliency` methods."""

from typing import Annotated, Literal

from pydantic import Field

from wsss_core.settings.base import Settings
from wsss_core.settings.paths import InputPath
from wsss_core.settings.precomputed import FileName, Files, PrecomputedSettings


class PrecomputedSaliencySettings(PrecomputedSettings):
    """Saliency maps made elsewhere: one picture per image and of its size, black = background, white = salient. EPS
    published such maps of PFAN (arXiv 1903.00179) for VOC 2012 (`SALImages_pyramid`)."""

    folder: InputPath | None = None
    """Folder of the files; null: the maps that the data stage names for its images (`saliency` of the data method voc;
    scenes draw theirs)."""
    file_name: FileName = "{id}.png"
    """Name of an image's file; `{id}` stands for the image id."""

    def files(self) -> tuple[Files, ...]:
        """One folder, or none where the data names the files."""
        return () if self.folder is None else (Files("folder", self.folder, (self.file_name,)),)


class U2NetSettings(Settings):
    """U²-Net (Qin et al., Pattern Recognition 2020): a saliency network, trained without classes on DUTS."""

    weights: InputPath = "weights/u2netp.onnx"
    """File with the published weights: `u2net.pth` or `u2netp.pth` (small) of xuebinqin/U-2-Net, or the same networks
    as ONNX, as they come with rembg. Which of the two networks it is, the file tells."""
    side: Annotated[int, Field(ge=32, le=2048)] = 320
    """Side in pixels of the square to which every image is resized for the network."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network; bfloat16 is several times as fast where the processor has instructions for it."""
