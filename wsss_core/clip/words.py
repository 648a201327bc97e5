"""What CLIP is asked for: the words that stand for a class in its prompt.

The words are those of FMA-WSSS (Yang & Gong, WACV 2024), which took them from CLIP-ES (Lin et al., CVPR 2023).
"""

from collections.abc import Mapping, Sequence

WORDS: Mapping[str, str] = {
    "person": "person with clothes,people,human",
    "bird": "bird avian",
    "chair": "chair seat",
    "tvmonitor": "tvmonitor screen",
    "airplane": "aeroplane",
    "motorcycle": "motorbike",
    "couch": "sofa",
    "potted plant": "pottedplant",
    "dining table": "diningtable",
    "tv": "tvmonitor screen",
    "backpack": "backpack,bag",
    "umbrella": "umbrella,parasol",
    "handbag": "handbag,purse",
    "tie": "necktie",
    "snowboard": "sknowboard",  # as published
    "baseball glove": "glove",
    "spoon": "dessertspoon",
    "remote": "remote control",
    "hair drier": "hairdrier,blowdrier",
}
"""Class name of PASCAL VOC or MS COCO -> its words, where these are not the name itself."""


def words_of(classes: Sequence[str], own: Mapping[str, str]) -> tuple[str, ...]:
    """The words of each class: those of `own`, else the published ones, else its name with blanks for underscores.

    Raises `ValueError` where `own` names a class that there is not.
    """
    unknown = [name for name in own if name not in classes]
    if unknown:
        raise ValueError(f"`words` names the class {unknown[0]!r}, but the data has {', '.join(classes)}")
    return tuple(own.get(name, WORDS.get(name.replace("_", " "), name)).replace("_", " ") for name in classes)
