"""The classes of foreign files in their order, and the label ids of the data that they mean."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wsss_core.exchange.class_maps import ClassMaps
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.label_ids import BACKGROUND, IGNORE, UNLABELLED
from wsss_core.settings.base import SettingsError

_ABSENT = -1
_SHOWN = 5


@dataclass(frozen=True)
class ClassOrder:
    """`names`: the files' foreign classes, class id 0 first. `label_ids` int32 (K,): label in the file -> label id.

    A label in the file is 0 for the background and c + 1 for class id c. The label id is -1 for a class that the data
    does not have.
    """

    names: tuple[str, ...]
    label_ids: np.ndarray

    @classmethod
    def of(cls, names: Sequence[str], classes: Sequence[str]) -> "ClassOrder":
        """From the files' class names, without background (empty: those of the data), and the data's, background first.

        Raises `SettingsError` for a name that stands twice and for a class of the data that the files do not have.
        """
        found = tuple(names) or tuple(classes[1:])
        if len(set(found)) != len(found):
            raise SettingsError(f"key 'classes': expected every class once, found {', '.join(found)}")
        missing = [name for name in classes[1:] if name not in found]
        if missing:
            raise SettingsError(
                f"key 'classes': expected every class of the data, found none called {missing[0]!r} among "
                f"{', '.join(found)}. To do: correct the spelling, or take the class off the data's `classes`."
            )
        places = [list(classes).index(name) if name in classes else _ABSENT for name in found]
        return cls(found, np.array([BACKGROUND, *places], np.int32))

    def scores(self, found: ClassMaps, where: str) -> ClassMaps:
        """The maps under the data's label ids, ascending, without classes that the data does not have.

        Raises `ForeignFileError` for a label beyond the files' classes.
        """
        self._check(found.labels, where)
        label_ids = self.label_ids[found.labels]
        kept = np.flatnonzero(label_ids != _ABSENT)
        order = kept[np.argsort(label_ids[kept])]
        return ClassMaps(label_ids[order], found.maps_Khw[order])

    def label_map(self, label_HW: np.ndarray, where: str) -> np.ndarray:
        """Uint8 (H, W) of the data's label ids; 255 stays, so does 254 (unlabelled) unless the files have so many
        classes,
        and pixels of a class that the data has not become 255.

        Raises `ForeignFileError` for a label beyond the files' classes.
        """
        labels = np.unique(label_HW)
        is_class = (labels != IGNORE) & ((labels != UNLABELLED) | (len(self.label_ids) > UNLABELLED))
        self._check(labels[is_class], where)
        table = np.full(IGNORE + 1, IGNORE, np.uint8)
        table[UNLABELLED] = UNLABELLED
        known = self.label_ids[: IGNORE + 1]
        table[: len(known)] = np.where(known == _ABSENT, IGNORE, known)
        table[IGNORE] = IGNORE
        return table[label_HW]

    def _check(self, labels: np.ndarray, where: str) -> None:
        beyond = [int(label) for label in labels if label >= len(self.label_ids)]
        if beyond:
            more = f" and {len(beyond) - _SHOWN} more" if len(beyond) > _SHOWN else ""
            shown = ", ".join(f"{label} (class id {label - 1})" for label in beyond[:_SHOWN])
            raise ForeignFileError(
                f"{where}: expected labels up to {len(self.names)}, the number of classes, found {shown}{more}. To do: "
                "name the files' classes in their order in the setting `classes`."
            )
