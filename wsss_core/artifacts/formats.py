"""Which row format the parts of each per-image kind have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from wsss_core.artifacts import affinity_labels, cams, instances, label_maps, regions, saliency
from wsss_core.artifacts.affinity_labels import AffinityLabelRow, IrLabelRow
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.saliency import SaliencyRow

Row = CamRow | LabelRow | RegionRow | SaliencyRow | AffinityLabelRow | IrLabelRow | InstanceRow


@dataclass(frozen=True)
class RowFormat:
    """Columns of a part and the two directions between rows and records."""

    schema: pa.Schema
    encode: Callable[..., dict[str, object]]
    decode: Callable[[Mapping[str, object]], Row]


CAMS = RowFormat(cams.SCHEMA, cams.encode, cams.decode)
LABELS = RowFormat(label_maps.SCHEMA, label_maps.encode, label_maps.decode)

FORMATS: Mapping[str, RowFormat] = {
    "regions": RowFormat(regions.SCHEMA, regions.encode, regions.decode),
    "saliency": RowFormat(saliency.SCHEMA, saliency.encode, saliency.decode),
    "cams": CAMS,
    "affinity_labels": RowFormat(affinity_labels.SCHEMA, affinity_labels.encode, affinity_labels.decode),
    "refined_cams": CAMS,
    "seeds": LABELS,
    "instances": RowFormat(instances.SCHEMA, instances.encode, instances.decode),
    "predictions": LABELS,
}
