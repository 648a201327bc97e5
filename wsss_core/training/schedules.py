"""Learning rate as a function of the step."""

import math
from collections.abc import Sequence

from wsss_core.settings.training import LoopSettings

STEP_DECAY = 0.1


def poly_factor(step: int, total: int, power: float) -> float:
    """Factor (1 - step/total)^power on the base rate, in 0..1, for step 0..total-1.

    Later steps keep the value of step total-1 (PSA, Ahn & Kwak, CVPR 2018, public code).
    """
    return float((1 - min(step, total - 1) / total) ** power)


def step_factor(step: int, decay_steps: Sequence[int]) -> float:
    """Factor 0.1^k on the base rate, where k of `decay_steps` are reached."""
    return float(STEP_DECAY ** sum(step >= place for place in decay_steps))


def warmup_factor(step: int, warmup_steps: int) -> float:
    """Factor in 0..1 that grows linearly over the first `warmup_steps` steps and is 1 from then on."""
    return min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0


def cosine_factor(step: int, total: int, warmup_steps: int) -> float:
    """Factor (1 + cos(pi t / T)) / 2 on the base rate, t and T counted from the end of the warm-up."""
    return (1 + math.cos(math.pi * (step - warmup_steps) / max(1, total - warmup_steps))) / 2


def warmup_limit(step: int, warmup_steps: int, start: float) -> float:
    """Upper limit in 0..1 of the factor: from `start` in step 0 to 1 in step `warmup_steps` (SPML, public code)."""
    share = min(1.0, step / warmup_steps) if warmup_steps else 1.0
    return start * (1 - share) + share


def learning_rate(step: int, total: int, settings: LoopSettings) -> float:
    """Base rate to be used in step `step` (0-based) of a training of `total` steps."""
    if step < settings.warmup_steps and settings.warmup_rate is not None:
        return settings.warmup_rate
    whole, held = settings.schedule_steps or total, step - step % settings.rate_every_steps
    factor = 1.0
    if settings.schedule == "poly":
        factor = poly_factor(held, whole, settings.power)
    elif settings.schedule == "cosine":
        factor = cosine_factor(max(held, settings.warmup_steps), whole, settings.warmup_steps)
    elif settings.schedule == "step":
        factor = step_factor(held, settings.decay_steps)
    if settings.warmup_from is not None:
        limit = warmup_limit(step, settings.warmup_steps, settings.warmup_from)
        return settings.learning_rate * min(factor, limit)
    warmup = 1.0 if settings.warmup_rate is not None else warmup_factor(step, settings.warmup_steps)
    return settings.learning_rate * factor * warmup
