"""Settings shared by every training: how long, which optimiser, how often to keep the state."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic

from wsss_core.settings.base import Settings

NO_EFFECT_ON_RESULT = frozenset({"checkpoint_every_s", "log_every_steps", "tensorboard"})
"""Settings that only say what is kept and shown of a training: a change reruns nothing and spoils no resume state."""

NetworkName = Literal[
    "vgg16",
    "resnet38",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet101_caffe",
    "resnet50_deep",
    "resnet101_deep",
    "small",
]
SwinName = Literal["swin_l", "swin_t", "swin_mini"]
Strength = Annotated[float, pydantic.Field(ge=0, le=1)]


class JitterSettings(Settings):
    """Random changes of colour; defaults as published with PSA (Ahn & Kwak, CVPR 2018)."""

    brightness: Strength = 0.3
    """Strength of the random change of brightness; 0 = none."""
    contrast: Strength = 0.3
    """Strength of the random change of contrast."""
    saturation: Strength = 0.3
    """Strength of the random change of saturation."""
    hue: Annotated[float, pydantic.Field(ge=0, le=0.5)] = 0.1
    """Strength of the random change of hue, in turns of the colour circle."""


class LoopSettings(Settings):
    """Length, optimiser, schedule, arithmetic and logging of one training."""

    epochs: int | None = pydantic.Field(None, ge=1)
    """Passes over the training images. Give this or `steps`; the one given switches the other off."""
    steps: int | None = pydantic.Field(None, ge=1)
    """Optimiser steps. Give this or `epochs`."""
    batch: int = pydantic.Field(16, ge=1)
    """Images per optimiser step. An incomplete last batch of an epoch is dropped; with fewer images than a batch, the
    epoch is one batch of all images."""
    accumulate: int = pydantic.Field(1, ge=1)
    """Pieces in which a batch is processed one after the other, to save memory; the loss is the mean of the pieces'
    losses."""
    optimiser: Literal["sgd", "caffe_sgd", "adam", "adamw"] = "sgd"
    """Rule of the update. caffe_sgd: SGD with the rate inside the momentum, as Caffe and SPML have it; it differs from
    sgd where the rate changes."""
    learning_rate: float = pydantic.Field(0.1, gt=0)
    """Rate of the backbone's weights; biases get 2 times, new layers 10 times, their biases 20 times as much (PSA)."""
    momentum: float = pydantic.Field(0.9, ge=0, lt=1)
    """Momentum of SGD; the first beta of Adam and AdamW."""
    weight_decay: float = pydantic.Field(5e-4, ge=0)
    """Decay of weights; biases have none."""
    new_layer_rate: float = pydantic.Field(10.0, gt=0)
    """Factor on the rate of new layers (PSA: 10)."""
    gradient_norm: float | None = pydantic.Field(None, gt=0)
    """Largest Euclidean length of the gradient over all parameters: longer ones are shortened to it. null: any."""
    schedule: Literal["poly", "constant", "cosine", "step"] = "poly"
    """Learning rate over the steps: lr0 (1 - t/T)^power, lr0, half a cosine from lr0 to 0 after the warm-up, or lr0
    0.1^(number of `decay_steps` reached)."""
    decay_steps: tuple[Annotated[int, pydantic.Field(ge=0)], ...] = ()
    """Steps from which on the rate of `schedule: step` is a tenth of what it was."""
    power: float = pydantic.Field(0.9, ge=0)
    """Exponent of the poly schedule (PSA, DeepLab: 0.9)."""
    rate_every_steps: int = pydantic.Field(1, ge=1)
    """Steps for which the poly schedule keeps a rate before it takes the next (the public port of DeepLab v2: 10)."""
    warmup_steps: int = pydantic.Field(0, ge=0)
    """First steps in which the rate grows linearly from 0 to the schedule's."""
    warmup_rate: float | None = pydantic.Field(None, gt=0)
    """Rate during the warm-up, instead of a growing one."""
    schedule_steps: int | None = pydantic.Field(None, ge=1)
    """Steps T of the schedule where the training is to end before it does (FMA-WSSS on COCO); null: all."""
    warmup_from: Annotated[float, pydantic.Field(ge=0, le=1)] | None = None
    """A share s: in the warm-up the rate is at most lr0 (s + (1 - s) t / `warmup_steps`), and never above the
    schedule's (SPML: 0.1). null: the schedule's rate times a factor that grows from 0."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network; weights and losses stay float32. bfloat16 is about twice as fast where the processor
    has instructions for it."""
    deterministic: bool = True
    """Use only operations that give equal bytes for equal seeds; an operation that has no such form is an error."""
    validate_every_epochs: int = pydantic.Field(1, ge=0)
    """Epochs between two validations; 0 = none."""
    checkpoint_every_s: float = pydantic.Field(300.0, ge=0)
    """Seconds between two saved states from which a stopped training goes on; 0 = after every step."""
    log_every_steps: int = pydantic.Field(20, ge=1)
    """Steps between two lines of the training history."""
    tensorboard: bool = False
    """Write TensorBoard events beside the history (needs the extra `tensorboard`)."""

    @pydantic.model_validator(mode="before")
    @classmethod
    def _length_given_switches_other_off(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        given = dict(values)
        if given.get("epochs") is not None and "steps" not in given:
            given["steps"] = None
        if given.get("steps") is not None and "epochs" not in given:
            given["epochs"] = None
        return given

    @pydantic.model_validator(mode="after")
    def _one_length(self) -> "LoopSettings":
        if (self.epochs is None) == (self.steps is None):
            found = f"epochs={self.epochs}, steps={self.steps}"
            raise ValueError(f"expected either `epochs` or `steps`, found {found}; remove one of the two")
        if self.batch % self.accumulate:
            raise ValueError(f"`batch` {self.batch} is not divisible into `accumulate` = {self.accumulate} pieces")
        return self

    def result_settings(self) -> dict[str, object]:
        """The settings on which the trained weights depend, as plain values."""
        return self.model_dump(mode="json", exclude=set(NO_EFFECT_ON_RESULT))

    def bookkeeping(self) -> dict[str, object]:
        """The others, as plain values."""
        return self.model_dump(mode="json", include=set(NO_EFFECT_ON_RESULT))
