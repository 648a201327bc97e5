"""SGD with the learning rate inside the momentum buffer, as in Caffe and in the public code of SPML."""

from collections.abc import Callable, Iterable
from typing import Any

import torch

BUFFER = "momentum_buffer"


class CaffeSGD(torch.optim.Optimizer):
    """v <- m v + lr (g + wd p), p <- p - v. As `torch.optim.SGD` while the rate stays; a change of the rate shows in
    new gradients only, not in what the buffer holds. Parameters without a gradient are left alone."""

    def __init__(self, params: Iterable[Any], lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        """Groups as for every optimiser of torch; rates and decays at least 0."""
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One update; returns the value of the closure, if any."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)
        return loss

    def _update(self, parameter: torch.Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if BUFFER not in state:
            state[BUFFER] = torch.zeros_like(parameter)
        gradient = parameter.grad
        assert gradient is not None
        change = gradient.add(parameter, alpha=group["weight_decay"]) if group["weight_decay"] else gradient
        state[BUFFER].mul_(group["momentum"]).add_(change, alpha=group["lr"])
        parameter.sub_(state[BUFFER])
