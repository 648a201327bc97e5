"""Networks on disk: `model.safetensors` (weights) and `model.json` (card and checksum of the weights) in a stage's
folder."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from wsss_core.artifacts.atomic import atomic_output, system_errors, write_json
from wsss_core.artifacts.checksum import sha256_of
from wsss_core.checkpoints.card import NetworkCard, Plain, card_from_plain, card_to_plain
from wsss_core.checkpoints.file_names import CARD_NAME, WEIGHTS_NAME
from wsss_core.networks.network import Network

CHECKSUM_KEY = "weights_sha256"


def save_network(folder: Path, card: NetworkCard, state: Mapping[str, torch.Tensor]) -> None:
    """Write a network atomically; equal weights and cards give equal bytes.

    Args:
        folder: made if absent; a network in it is replaced. The card is written last, so a broken run is found on
            loading.
        card: what the network is.
        state: its state dict, any device.

    Raises:
        ArtifactError: the folder cannot be written.
    """
    save_weights(folder, card_to_plain(card), state)


def save_weights(folder: Path, card: Mapping[str, Plain], state: Mapping[str, torch.Tensor]) -> None:
    """Write weights and a card of any form, as `save_network` does."""
    tensors = {name: state[name].detach().cpu().contiguous().clone() for name in sorted(state)}
    with atomic_output(folder / WEIGHTS_NAME) as temporary:
        with system_errors():
            save_file(tensors, temporary)
        checksum = sha256_of(temporary)
    write_json(folder / CARD_NAME, {**card, CHECKSUM_KEY: checksum})


def read_card(folder: Path) -> NetworkCard:
    """The card of the network in `folder`; the weights are not touched.

    Raises:
        FileNotFoundError: no network there.
        ValueError: the card is unreadable.
    """
    return _read_card(folder)[0]


def load_network(folder: Path, device: torch.device | str = "cpu") -> tuple[Network, NetworkCard]:
    """Build the network in `folder` and load its weights, in evaluation mode on `device`.

    Raises:
        FileNotFoundError: the card or the weights are not there.
        ValueError: the weights are not those the card was written with, or do not fit the network.
    """
    card, checksum = _read_card(folder)
    state = checked_weights(folder, checksum)
    network = card.build()
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(
            f"{folder / WEIGHTS_NAME}: the weights do not fit the {card.role} on {card.backbone}: {error}"
        ) from error
    return network.to(device).eval(), card


def checked_weights(folder: Path, checksum: str) -> dict[str, torch.Tensor]:
    """The weights in `folder`, if they have the SHA-256 `checksum`; raises as `load_network`."""
    weights = folder / WEIGHTS_NAME
    if not weights.is_file():
        raise FileNotFoundError(f"{weights}: a network card without its weights; run the training stage again")
    if sha256_of(weights) != checksum:
        raise ValueError(
            f"{weights}: not the weights that {CARD_NAME} was written with (an interrupted or mixed copy); "
            "run the training stage again or copy both files together"
        )
    return load_file(weights)


def _read_card(folder: Path) -> tuple[NetworkCard, str]:
    plain, checksum = read_plain_card(folder)
    return card_from_plain(plain, folder / CARD_NAME), checksum


def read_plain_card(folder: Path) -> tuple[dict[str, Plain], str]:
    """The values of a card of any form, and the checksum of its weights. Raises as `read_card`."""
    path = folder / CARD_NAME
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no trained network here; run the training stage first")
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        checksum = str(plain.pop(CHECKSUM_KEY))
    except (ValueError, RecursionError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"{path}: expected a network card with {CHECKSUM_KEY!r}, found {error}") from error
    return plain, checksum
