"""The classes of foreign files in their order, and the label ids of the data that they mean."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wsss_core.exchange.class_maps import ClassMaps
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.label_ids import BACKGROUND, IGNORE, RESERVED, as_labels, class_labels, class_places, without_reserved
from wsss_core.settings.base import SettingsError

_ABSENT, _BEYOND = -1, -2
_SHOWN = 5


@dataclass(frozen=True)
class ClassOrder:
    """`names`: the files' foreign classes, class id 0 first. `label_ids` int32 (K,): label in the file -> label id.

    A label in a file of scores is 0 for the background and c + 1 for class id c. The label id is -1 for a class that
    the data does not have.
    """

    names: tuple[str, ...]
    label_ids: np.ndarray

    @classmethod
    def of(cls, names: Sequence[str], classes: Sequence[str]) -> "ClassOrder":
        """From the files' class names, without background (empty: those of the data), and the data's, background first.

        Raises `SettingsError` for a name that stands twice and for a class of the data that the files do not have.
        """
        found = without_reserved(names or classes[1:])
        if len(set(found)) != len(found):
            raise SettingsError(f"key 'classes': expected every class once, found {', '.join(found)}")
        missing = [name for name in without_reserved(classes[1:]) if name not in found]
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
        """The map (H, W) in the data's label ids; 255 stays, so does 254 (unlabelled), and pixels of a class that the
        data has not become 255.

        The files number their classes as `label_ids` says, so that a 254th has the number 256. Raises
        `ForeignFileError` for a label beyond the files' classes.
        """
        by_label = np.concatenate([[BACKGROUND], class_labels(len(self.names))])
        table = np.full(max(int(label_HW.max(initial=0)), IGNORE) + 1, _BEYOND)
        kept = by_label < len(table)
        table[by_label[kept]] = np.where(self.label_ids == _ABSENT, IGNORE, self.label_ids)[kept]
        table[list(RESERVED)] = list(RESERVED)
        label_ids_HW = table[label_HW]
        beyond = np.unique(label_HW[label_ids_HW == _BEYOND])
        self._refuse(beyond, class_places(beyond), int(by_label[-1]), where)
        return as_labels(label_ids_HW)

    def _check(self, labels: np.ndarray, where: str) -> None:
        """Refuse labels in the numbers of `scores`: 0 the background, c + 1 class c."""
        beyond = labels[labels >= len(self.label_ids)]
        self._refuse(beyond, beyond - 1, len(self.names), where)

    def _refuse(self, beyond: np.ndarray, class_ids: np.ndarray, highest: int, where: str) -> None:
        if beyond.size:
            more = f" and {len(beyond) - _SHOWN} more" if len(beyond) > _SHOWN else ""
            pairs = zip(beyond[:_SHOWN].tolist(), class_ids.tolist(), strict=False)
            shown = ", ".join(f"{label} (class id {class_id})" for label, class_id in pairs)
            raise ForeignFileError(
                f"{where}: expected labels up to {highest}, that of the last of {len(self.names)} classes, found "
                f"{shown}{more}. To do: name the files' classes in their order in the setting `classes`."
            )
