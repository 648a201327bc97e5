"""The relationships between pixels and segments from which SPML learns (Ke et al., ICLR 2021, section 3).

Semantic annotation, co-occurrence of image tags, likeness of the low-level image, affinity in the space of features.
"""

import torch

from wsss_core.label_ids import is_known
from wsss_core.networks.pixel_embedding import unit
from wsss_core.segments.contrast import contrastive_loss, same_label, shared_tag
from wsss_core.segments.grouping import Segments
from wsss_core.segments.memory import SegmentTable
from wsss_core.segments.prototypes import prototypes

NEAREST_SEGMENTS = 5


def annotation_loss(segments: Segments, table: SegmentTable, classes: int, concentration: float) -> torch.Tensor:
    """Semantic annotation: labelled pixels against labelled segments, positive with the same class.

    table: the prototypes of `segments` first, then those of the memory. 0 where no pixel has a label below `classes`.
    """
    labelled_N = is_known(table.label_N, classes)
    number_N = labelled_N.cumsum(0) - 1
    labelled_P = labelled_N[segments.segment_P]
    own_P = number_N[segments.segment_P[labelled_P]]
    relation = same_label(own_P, table.label_N[labelled_N])
    return contrastive_loss(segments.embedding_PD[labelled_P], table.prototype_ND[labelled_N], relation, concentration)


def tag_loss(segments: Segments, table: SegmentTable, concentration: float) -> torch.Tensor:
    """Co-occurrence: all pixels against all segments, positive where the tags of their images share a class.

    With `table.tag_NC` of `affinity_tags` in place of image tags it is the affinity in the space of features.
    """
    relation = shared_tag(segments.segment_P, table.tag_NC)
    return contrastive_loss(segments.embedding_PD, table.prototype_ND, relation, concentration)


def image_loss(segments: Segments, concentration: float, with_local_features: bool) -> torch.Tensor:
    """Low-level likeness: within each image, positive are segments of the same region of the over-segmentation.

    Mean over the images that have pixels. with_local_features: compare embeddings with place (VOC) or alone
    (DensePose).
    """
    vector_PE = segments.located_PE if with_local_features else segments.embedding_PD
    losses = []
    for image in segments.image_N.unique():
        of_image_N = segments.image_N == image
        of_image_P = of_image_N[segments.segment_P]
        own_P = (of_image_N.cumsum(0) - 1)[segments.segment_P[of_image_P]]
        vectors = vector_PE[of_image_P]
        relation = same_label(own_P, segments.region_N[of_image_N])
        prototype_ME = prototypes(vectors, own_P, int(of_image_N.sum()))
        losses.append(contrastive_loss(vectors, prototype_ME, relation, concentration))
    return torch.stack(losses).mean() if losses else vector_PE.sum() * 0


@torch.no_grad()
def nearest_labelled(segments: Segments, classes: int, threshold: float | None) -> torch.Tensor:
    """Class (N,) int64 of the nearest labelled segment of the same image, of itself where it is labelled; -1: none.

    Segments are compared by their prototypes in the located space. threshold: smallest cosine, None for any.
    """
    located_NE = prototypes(segments.located_PE, segments.segment_P, segments.count)
    labelled_N = is_known(segments.label_N, classes)
    # A labelled segment keeps its class even where a rounding would find another one at the same cosine.
    allowed_NN = (segments.image_N[:, None] == segments.image_N[None]) & labelled_N[None]
    cosine_NN = (located_NE @ located_NE.T).masked_fill(~allowed_NN, -torch.inf)
    best = cosine_NN.max(dim=1)
    class_N = torch.where(labelled_N, segments.label_N, segments.label_N[best.indices])
    lowest = -torch.inf if threshold is None else threshold
    found_N = labelled_N | ((best.values >= lowest) & torch.isfinite(best.values))
    return torch.where(found_N, class_N, -1)


def affinity_tags(segments: Segments, classes: int, threshold: float) -> torch.Tensor:
    """Tags (N, K) float32 of each segment by `nearest_labelled`; every class where none is near enough."""
    class_N = nearest_labelled(segments, classes, threshold)
    one_hot_NK = torch.nn.functional.one_hot(class_N.clamp(min=0), classes).float()
    return torch.where((class_N >= 0)[:, None], one_hot_NK, 1.0)


@torch.no_grad()
def retrieval_accuracy(table: SegmentTable) -> torch.Tensor:
    """Share of the five nearest segments, itself among them, that have a segment's own label; mean, a scalar."""
    if not len(table.label_N):
        return table.prototype_ND.new_zeros(())
    cosine_NN = unit(table.prototype_ND) @ unit(table.prototype_ND).T
    nearest_NM = cosine_NN.topk(min(NEAREST_SEGMENTS, len(cosine_NN)), dim=1).indices
    return (table.label_N[nearest_NM] == table.label_N[:, None]).float().mean()
