"""Protocols say when the data at hand is not the published list, and admit what they cannot check."""

from dataclasses import replace

import pytest

from wsss_core.data.faults import DataError
from wsss_core.data.protocols import PROTOCOLS, Protocol, check_protocol, compare, hash_ids, tags_as_input_note


def voc_ids(count: int) -> list[str]:
    return [f"2007_{number:06d}" for number in range(count)]


def ids_of(name: str) -> list[str]:
    """As many ids as a protocol has, of its form."""
    count = PROTOCOLS[name].count
    if name.startswith("coco14"):
        return [f"COCO_{name.split('-')[1]}2014_{number:012d}" for number in range(count)]
    return voc_ids(count)


def test_number_and_form_are_enough_only_for_an_unverified_match() -> None:
    report = check_protocol("voc12-val-1449", voc_ids(1449))
    assert report.matches
    assert not report.verified
    assert "No reference hash is known" in report.text
    assert report.sha256 in report.text


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_names_of_protocols_hold_their_count(name: str) -> None:
    assert PROTOCOLS[name].count == int(name.rsplit("-", 1)[1])
    assert check_protocol(name, ids_of(name)).matches


def test_another_number_is_said() -> None:
    report = check_protocol("voc12-train-1464", voc_ids(268))
    assert not report.matches
    assert "NOT voc12-train-1464" in report.text
    assert "expected 1464 images, found 268" in report.text


def test_other_ids_and_repetitions_are_said() -> None:
    report = check_protocol("voc12-val-1449", [*voc_ids(1447), "scene_00001", "2007_000001"])
    assert not report.matches
    assert "1 ids stand more than once" in report.text
    assert "'scene_00001'" in report.text


def test_a_known_hash_verifies_the_list_in_any_order() -> None:
    protocol = Protocol("tiny-3", 3, r"\d{4}_\d{6}", "a test", hash_ids(voc_ids(3)))
    report = compare(protocol, list(reversed(voc_ids(3))))
    assert report.matches
    assert report.verified
    wrong = compare(replace(protocol, sha256="0" * 64), voc_ids(3))
    assert not wrong.matches
    assert "expected the list with SHA-256 000" in wrong.text


def test_unknown_protocol_names_the_nearest() -> None:
    with pytest.raises(DataError, match="did you mean 'voc12-val-1449'"):
        check_protocol("voc12-val-1450", [])


def test_tags_of_an_evaluated_split_are_flagged_unless_it_is_trained_on_or_tags_are_unused() -> None:
    note = tags_as_input_note("seeds", "val", ["train"], uses_tags=True)
    assert note is not None
    assert note.startswith("TAGS ARE AN INPUT: 'seeds' on split 'val'")
    assert tags_as_input_note("seeds", "train", ["train"], uses_tags=True) is None
    assert tags_as_input_note("predictions", "val", ["train"], uses_tags=False) is None
