"""What an IRN case is made of: its network with synthetic weights, loaded from the published names."""

import json
from functools import lru_cache

import torch
from golden.cases import Case
from golden.synthetic import synthetic_array

from wsss_core.checkpoints.irn_layout import IRN_LAYOUT
from wsss_core.networks.factory import build_affinity_net, build_classifier
from wsss_core.networks.network import Network


def network(case: Case) -> Network:
    """The network of the case in evaluation mode, frozen as in training."""
    name, layout = case.spec["network"], case.spec["layout"]
    aliases = layout.replace(".layout.", ".aliases.")
    scaling = case.spec.get("weight_scaling") or {}
    files = (str(case.side_file(layout)), str(case.side_file(aliases)))
    return _network(name, *files, case.spec["weight_seed"], tuple(sorted(scaling.items())))


@lru_cache(maxsize=1)
def _network(
    name: str, layout_file: str, aliases_file: str, seed: int, scaling: tuple[tuple[str, float], ...]
) -> Network:
    layout, aliases = read_json(layout_file), read_json(aliases_file)
    weights = {
        entry: torch.from_numpy(synthetic_array(entry, tuple(shape), seed)) * dict(scaling).get(entry, 1)
        for entry, shape in layout.items()
        if entry not in aliases
    }
    state = {entry: weights[aliases.get(entry, entry)] for entry in layout}
    _, backbone, role = name.split("_")
    if role == "cam":
        built: Network = build_classifier(backbone, len(weights["classifier.weight"]), "irn")
    else:
        built = build_affinity_net(backbone, "irnet")
    built.load_state_dict(IRN_LAYOUT.translate(state))
    built.freeze()
    return built.eval()


def read_json(path: str) -> dict:
    """The object in a JSON file."""
    with open(path, encoding="utf-8") as file:
        content: dict = json.load(file)
    return content
