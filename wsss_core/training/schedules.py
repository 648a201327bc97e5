"""Learning rate as a function of the step."""

from wsss_core.settings.training import LoopSettings


def poly_factor(step: int, total: int, power: float) -> float:
    """Factor (1 - step/total)^power on the base rate, in 0..1, for step 0..total-1.

    Later steps keep the value of step total-1 (PSA, Ahn & Kwak, CVPR 2018, public code).
    """
    return float((1 - min(step, total - 1) / total) ** power)


def warmup_factor(step: int, warmup_steps: int) -> float:
    """Factor in 0..1 that grows linearly over the first `warmup_steps` steps and is 1 from then on."""
    return min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0


def learning_rate(step: int, total: int, settings: LoopSettings) -> float:
    """Base rate to be used in step `step` (0-based) of a training of `total` steps."""
    held = step - step % settings.rate_every_steps
    factor = poly_factor(held, total, settings.power) if settings.schedule == "poly" else 1.0
    return settings.learning_rate * factor * warmup_factor(step, settings.warmup_steps)
