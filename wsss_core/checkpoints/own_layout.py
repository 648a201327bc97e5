"""Our own weight files, such as the `model.safetensors` of another stage."""

from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.reading import State


def _recognises(state: State) -> bool:
    return any(name.startswith("backbone.") for name in state)


def _translate(state: State) -> State:
    return dict(state)


OWN_LAYOUT = Layout("own", _recognises, _translate, normalisation=None)
