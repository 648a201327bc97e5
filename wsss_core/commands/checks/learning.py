"""Has the classifier learnt its tags, and do its CAMs say where? What follows lives on both.

The limits are this project's own and deliberately low: what falls below them has failed, what
is above may still be poor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from wsss_core.commands.checks.finding import Finding, ok

SMALLEST_LIFT = 0.1
"""Least share of the way from guessing to a perfect AP that counts as learnt."""
FEWEST_PIXELS, MOST_PIXELS = 0.005, 0.9
"""Median coverage of a class's CAMs outside of this says nothing about place."""
LARGEST_FAILED_SHARE = 0.5
"""With more of the classes failed than this, going on is pointless."""


@dataclass(frozen=True)
class TagFigures:
    """Of one class: `ap` in 0..1, or None where nothing was validated; `share` of the validated images that have it,
    which is the AP of guessing; `coverages` of its CAMs, 0..1."""

    ap: float | None
    share: float
    coverages: Sequence[float]

    @property
    def lift(self) -> float | None:
        """How far the AP is from guessing (0) to perfect (1); None without an AP, or where all images have it."""
        return None if self.ap is None or self.share >= 1 else (self.ap - self.share) / (1 - self.share)


def judge(figures: Mapping[str, TagFigures]) -> list[Finding]:
    """Findings about the tags, the CAMs, and last whether going on makes sense. `fault` in the last: it does not."""
    unlearnt = [name for name, one in figures.items() if one.lift is not None and one.lift < SMALLEST_LIFT]
    placeless = {name: middle for name, one in figures.items() if (middle := _placeless(one)) is not None}
    findings = [*_tags(figures, unlearnt), *_cams(figures, placeless)]
    failed = [name for name in figures if name in unlearnt or name in placeless]
    return [*findings, _verdict(len(figures), failed)]


def _tags(figures: Mapping[str, TagFigures], unlearnt: Sequence[str]) -> list[Finding]:
    known = {name: one for name, one in figures.items() if one.ap is not None}
    if not known:
        remedy = "hold back some images, e.g. `val_fraction: 0.2` in the data stage, and train again"
        return [Finding("warning", "whether the tags were learnt is not known: no image was held back", remedy)]
    everywhere = [name for name, one in known.items() if one.share >= 1]
    findings = [ok(f"AP of {len(known)} classes on held-back images")]
    if everywhere:
        text = f"every held-back image has {', '.join(everywhere)}: the AP is 1 whatever the network answers"
        findings.append(Finding("warning", text, "add images without it"))
    if unlearnt:
        shown = ", ".join(f"{name} (AP {known[name].ap:.2f}, guessing {known[name].share:.2f})" for name in unlearnt)
        remedy = (
            "look at their tags and images; train longer, from ImageNet weights, or with more images of them (100 each "
            "are a good beginning)"
        )
        findings.append(Finding("warning", f"hardly better than guessing: {shown}", remedy))
    return findings


def _cams(figures: Mapping[str, TagFigures], placeless: Mapping[str, float]) -> list[Finding]:
    seen = {name: median(one.coverages) for name, one in figures.items() if one.coverages}
    if not seen:
        return [Finding("warning", "the CAMs are not made yet", "run up to the stage of kind cams")]
    low, high = min(seen.values()), max(seen.values())
    findings = [ok(f"CAMs of {len(seen)} classes cover {low:.1%} to {high:.1%} of their images (medians)")]
    if placeless:
        shown = ", ".join(f"{name} ({middle:.1%})" for name, middle in placeless.items())
        remedy = (
            "a map over everything: the class is in the scene, not in a thing, or is on every image; a map over nearly "
            "nothing: train less long, or from ImageNet weights"
        )
        findings.append(Finding("warning", f"CAMs that say nothing about place (share of the image): {shown}", remedy))
    return findings


def _placeless(one: TagFigures) -> float | None:
    """The median coverage where it is out of bounds."""
    if not one.coverages:
        return None
    middle = median(one.coverages)
    return None if FEWEST_PIXELS <= middle <= MOST_PIXELS else middle


def _verdict(classes: int, failed: Sequence[str]) -> Finding:
    if not failed:
        return ok("going on makes sense")
    if len(failed) > LARGEST_FAILED_SHARE * classes:
        text = f"going on is pointless: {len(failed)} of {classes} classes have no usable CAMs, on which all masks rest"
        return Finding("fault", text, "mend what is said above, then train the classifier again")
    rest = classes - len(failed)
    text = f"going on makes sense for {rest} of {classes} classes; expect no masks of: {', '.join(failed)}"
    return Finding("warning", text)
