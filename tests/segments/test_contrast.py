"""The contrastive losses and the relationships, against plain forms."""

import numpy as np
import pytest
import torch

from wsss_core.networks.pixel_embedding import unit
from wsss_core.segments import contrast
from wsss_core.segments.contrast import contrastive_loss, pixel_losses, same_label, shared_tag
from wsss_core.segments.grouping import Segments
from wsss_core.segments.memory import Memory, SegmentTable
from wsss_core.segments.prototypes import prototypes
from wsss_core.segments.relations import (
    affinity_tags,
    annotation_loss,
    image_loss,
    nearest_labelled,
    retrieval_accuracy,
    tag_loss,
)

CLASSES = 3


def random_unit(count: int, width: int = 5, seed: int = 0) -> torch.Tensor:
    return unit(torch.randn(count, width, generator=torch.Generator().manual_seed(seed)))


def example(images: int = 2, labels: tuple[int, ...] = (0, 1, 254, 2)) -> Segments:
    """Two segments of every label in each image, three pixels each."""
    label_N = torch.tensor([label for _ in range(images) for label in labels for _ in range(2)])
    count = len(label_N)
    segment_P = torch.arange(count).repeat_interleave(3)
    embedding_PD = random_unit(len(segment_P))
    return Segments(
        embedding_PD=embedding_PD,
        located_PE=unit(torch.cat([embedding_PD, random_unit(len(segment_P), 2, 3)], 1)),
        segment_P=segment_P,
        label_N=label_N,
        region_N=torch.arange(count) % 3,
        image_N=torch.arange(count) // (count // images),
        kept_Bhw=torch.ones(images, len(segment_P) // images, 1, dtype=torch.bool),
    )


def table_of(segments: Segments, tags: torch.Tensor | None = None) -> SegmentTable:
    prototype_ND = prototypes(segments.embedding_PD, segments.segment_P, segments.count)
    return SegmentTable(prototype_ND, segments.label_N, torch.zeros(segments.count, 2) if tags is None else tags)


def plain_loss(vector_PD, prototype_ND, own_P, positive_PN, concentration) -> torch.Tensor:
    """The definition, pixel by pixel."""
    losses = []
    for vector, own, positive in zip(vector_PD, own_P, positive_PN, strict=True):
        w = (concentration * (prototype_ND @ vector)).exp()
        others = w[positive].sum() - w[own]
        numerator = others if others > 0 else w[own]
        losses.append(-(numerator / (numerator + w[~positive].sum())).log())
    return torch.stack(losses)


@pytest.mark.parametrize("concentration", [6.0, 8.0])
def test_losses_equal_the_definition_in_values_and_gradients(monkeypatch, concentration):
    monkeypatch.setattr(contrast, "BLOCK", 7)
    segments = example()
    vectors = [segments.embedding_PD.clone().requires_grad_() for _ in range(2)]
    table = table_of(segments)
    relation = same_label(segments.segment_P, segments.label_N)
    positive = segments.label_N[segments.segment_P][:, None] == segments.label_N[None]
    found = pixel_losses(vectors[0], table.prototype_ND, relation, concentration)
    expected = plain_loss(vectors[1], table.prototype_ND, segments.segment_P, positive, concentration)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    found.mean().backward()
    expected.mean().backward()
    torch.testing.assert_close(vectors[0].grad, vectors[1].grad, rtol=1e-3, atol=1e-5)


def test_a_pixel_without_tags_has_its_own_similarity_as_numerator_and_as_negative():
    prototype_ND = torch.eye(2)
    relation = shared_tag(torch.tensor([0]), torch.zeros(2, 3))
    loss = contrastive_loss(torch.tensor([[1.0, 0]]), prototype_ND, relation, 1.0)
    w_own, w_other = np.e, 1.0
    assert float(loss) == pytest.approx(-np.log(w_own / (w_own + w_own + w_other)), rel=1e-5)


def test_small_positives_vanish_beside_a_large_own_similarity():
    """Published: the subtraction is done in float32, where a positive below half of the last bit is lost."""
    prototype_ND = torch.tensor([[1.0, 0], [-1.0, 0], [0, 1.0]])
    relation = same_label(torch.tensor([0]), torch.tensor([5, 5, 7]))
    loss = contrastive_loss(torch.tensor([[1.0, 0]]), prototype_ND, relation, 16.0)
    assert float(loss) == pytest.approx(float(np.log1p(np.exp(-16))), abs=1e-6)


def test_without_pixels_the_loss_is_zero_and_has_a_gradient():
    vectors = torch.zeros(0, 2, requires_grad=True)
    none = torch.zeros(0, dtype=torch.int64)
    loss = contrastive_loss(vectors, torch.eye(2), same_label(none, torch.tensor([0, 1])), 6.0)
    loss.backward()
    assert float(loss.detach()) == 0


def test_annotation_sees_labelled_pixels_and_segments_only():
    segments = example()
    table = table_of(segments)
    loss = annotation_loss(segments, table, CLASSES, 6.0)
    labelled = segments.label_N < CLASSES
    own = (labelled.cumsum(0) - 1)[segments.segment_P]
    keep = labelled[segments.segment_P]
    label = segments.label_N[labelled]
    positive = segments.label_N[segments.segment_P][keep][:, None] == label[None]
    expected = plain_loss(segments.embedding_PD[keep], table.prototype_ND[labelled], own[keep], positive, 6.0)
    assert float(loss) == pytest.approx(float(expected.mean()), rel=1e-4)
    nothing = example(labels=(254,))
    assert float(annotation_loss(nothing, table_of(nothing), CLASSES, 6.0)) == 0


def test_memory_enters_behind_the_own_segments():
    segments = example()
    tags = torch.tensor([[1.0, 0], [0, 1.0]])[segments.image_N]
    own, memory = table_of(segments, tags), Memory(2)
    alone = float(tag_loss(segments, own, 8.0))
    assert float(tag_loss(segments, own.followed_by(memory.tables), 8.0)) == alone
    for _ in range(3):
        memory.add(own)
    assert len(memory.tables) == 2
    larger = own.followed_by(memory.tables)
    assert len(larger.label_N) == 3 * segments.count
    torch.testing.assert_close(larger.prototype_ND[: segments.count], own.prototype_ND)
    assert float(tag_loss(segments, larger, 8.0)) != alone


def test_memory_goes_through_a_saved_state_and_keeps_no_gradients():
    segments, memory, other = example(), Memory(2), Memory(2)
    table = table_of(segments)
    memory.add(SegmentTable(table.prototype_ND.clone().requires_grad_(), table.label_N, table.tag_NC))
    memory.add(table)
    other.restore(memory.state())
    assert not memory.tables[0].prototype_ND.requires_grad
    for mine, theirs in zip(memory.tables, other.tables, strict=True):
        assert torch.equal(mine.prototype_ND, theirs.prototype_ND)
        assert torch.equal(mine.label_N, theirs.label_N)
    empty = Memory(0)
    empty.add(table)
    assert empty.tables == []


def test_image_similarity_is_the_mean_over_images_of_each_alone():
    segments = example()
    whole = image_loss(segments, 16.0, with_local_features=False)
    parts = []
    for image in (0, 1):
        of_N = segments.image_N == image
        of_P = of_N[segments.segment_P]
        vectors, own = segments.embedding_PD[of_P], (of_N.cumsum(0) - 1)[segments.segment_P[of_P]]
        relation = same_label(own, segments.region_N[of_N])
        parts.append(contrastive_loss(vectors, prototypes(vectors, own, int(of_N.sum())), relation, 16.0))
    torch.testing.assert_close(whole, torch.stack(parts).mean())
    assert float(image_loss(segments, 16.0, with_local_features=True)) != float(whole)


def test_unlabelled_segments_take_the_class_of_the_nearest_labelled_one_of_their_image():
    segments = example()
    class_N = nearest_labelled(segments, CLASSES, None)
    labelled = segments.label_N < CLASSES
    assert torch.equal(class_N[labelled], segments.label_N[labelled])
    assert class_N.max() < CLASSES
    located = prototypes(segments.located_PE, segments.segment_P, segments.count)
    for number in torch.nonzero(~labelled)[:, 0]:
        rivals = torch.nonzero(labelled & (segments.image_N == segments.image_N[number]))[:, 0]
        nearest = rivals[(located[rivals] @ located[number]).argmax()]
        assert class_N[number] == segments.label_N[nearest]


def test_too_far_segments_count_as_of_every_class():
    segments = example()
    tags = affinity_tags(segments, CLASSES, threshold=1.0)
    unlabelled = segments.label_N == 254
    assert bool((tags[unlabelled] == 1).all())
    assert bool((tags[~unlabelled].sum(1) == 1).all())
    nowhere = example(labels=(254,))
    assert bool((affinity_tags(nowhere, CLASSES, -1.0) == 1).all())


def test_retrieval_counts_the_segment_itself():
    table = SegmentTable(torch.eye(3), torch.tensor([0, 1, 2]), torch.zeros(3, 1))
    assert float(retrieval_accuracy(table)) == pytest.approx(1 / 3)
    same = SegmentTable(torch.eye(3), torch.tensor([4, 4, 4]), torch.zeros(3, 1))
    assert float(retrieval_accuracy(same)) == 1
