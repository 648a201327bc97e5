"""Settings of the methods that take what others made: one file per image, named by the image id."""

from abc import abstractmethod
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from wsss_core.settings.base import Settings
from wsss_core.settings.data import ClassNames
from wsss_core.settings.paths import InputPath

FileName = Annotated[str, Field(pattern=r"\{id\}")]
CamForm = Literal["auto", "psa", "psa_crf", "irn", "irn_strided", "clip_es", "fma"]


class Files(NamedTuple):
    """`setting`: the key that names `folder`. `names`: what an image's file may be called; one of them is enough."""

    setting: str
    folder: str
    names: tuple[str, ...]


class PrecomputedSettings(Settings):
    """What all methods that take files share."""

    @abstractmethod
    def files(self) -> tuple[Files, ...]:
        """The folders in which every image needs a file."""


class PrecomputedCamsSettings(PrecomputedSettings):
    """CAMs made elsewhere: one file of class maps per image, as PSA, IRN, EPS, CLIP-ES or FMA-WSSS write them."""

    folder: InputPath
    """Folder of the files."""
    file_name: FileName = "{id}.npy"
    """Name of an image's file; `{id}` stands for the image id."""
    form: CamForm = "auto"
    """psa: dictionary of class id to map (EPS and SEAM, too). psa_crf: the same with the background under 0. irn:
    `high_res` of IRN's dictionary; irn_strided: its `cam`, at stride 4, as the boundary walk takes it. clip_es:
    `attn_highres`. fma: .npz with `cam` and `fg_cls`. auto: psa, irn, clip_es or fma, by what is in the file."""
    classes: ClassNames = ()
    """Names of the files' classes in the order of their class ids 0, 1, ...; empty: those of the data. Maps of classes
    that the data does not have are left out."""
    normalise: bool = False
    """Divide each class by its maximum over the image, for files of raw values (fma). Others hold scores in [0, 1]."""
    dtype: Literal["float16", "float32"] = "float16"
    """Number format in which the maps are stored; float32 keeps the files' values bit by bit."""

    def files(self) -> tuple[Files, ...]:
        """One folder."""
        return (Files("folder", self.folder, (self.file_name,)),)


class PrecomputedLabelsSettings(PrecomputedSettings):
    """Label maps made elsewhere: one PNG per image; 0 background, c + 1 for class id c, 254 unlabelled, 255 ignore.

    From the 254th class on it is c + 3."""

    folder: InputPath
    """Folder of the files, grey or palette PNGs of 8 or 16 bits."""
    file_name: FileName = "{id}.png"
    """Name of an image's file; `{id}` stands for the image id."""
    classes: ClassNames = ()
    """Names of the files' classes in the order of their labels 1, 2, ...; empty: those of the data. Pixels of classes
    that the data does not have become 255."""

    def files(self) -> tuple[Files, ...]:
        """One folder."""
        return (Files("folder", self.folder, (self.file_name,)),)


class PrecomputedPairSettings(PrecomputedSettings):
    """CRF probabilities made elsewhere: for every image two files as PSA writes them ("la" and "ha")."""

    low_folder: InputPath
    """Folder of the files made with the low power of the background."""
    high_folder: InputPath
    """Folder of the files made with the high power of the background."""
    file_name: FileName = "{id}.npy"
    """Name of an image's file in both folders; `{id}` stands for the image id."""
    classes: ClassNames = ()
    """Names of the files' classes in the order of their class ids 0, 1, ...; empty: those of the data. A file with a
    class that the data does not have is an error."""

    def files(self) -> tuple[Files, ...]:
        """Two folders."""
        return (
            Files("low_folder", self.low_folder, (self.file_name,)),
            Files("high_folder", self.high_folder, (self.file_name,)),
        )
