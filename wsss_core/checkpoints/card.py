"""What a saved network is: enough to build it again, to prepare its input and to say where its weights come from."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from wsss_core.networks import factory
from wsss_core.networks.network import Network
from wsss_core.networks.normalisation import Normalisation

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]
FORMAT = 1


@dataclass(frozen=True)
class NetworkCard:
    """The description stored beside the weights as `model.json`."""

    role: factory.Role
    """classifier, affinity or segmenter."""
    backbone: str
    """Name in `names.NETWORKS`."""
    classes: tuple[str, ...]
    """Foreground class names in the order of their label ids 1..C; empty for affinity nets."""
    normalisation: Normalisation
    """Input rule belonging to the weights."""
    architecture: str | None = None
    """Name in the table of the role in `names`; None: PSA's (classifier and affinity)."""
    options: dict[str, factory.Option] = field(default_factory=dict)
    """Constructor options of the backbone."""
    trained_on: dict[str, Plain] = field(default_factory=dict)
    """Free facts for provenance: data set, split, initial weights, steps, seed."""

    def build(self) -> Network:
        """The network with random weights and this card's input rule.

        Raises:
            ValueError: a name the factory does not know, or a role that does not fit the other fields.
        """
        network = factory.build_network(self.role, self.backbone, self.architecture, len(self.classes), **self.options)
        network.backbone.normalisation = self.normalisation
        return network

    def require_classes(self, classes: tuple[str, ...], folder: Path) -> None:
        """Raises `ValueError` unless the network in `folder` knows the data's foreground `classes`, in their order."""
        if self.classes != classes:
            raise ValueError(
                f"{folder}: the network knows the classes {', '.join(self.classes)}, the data has "
                f"{', '.join(classes)}; expected the same, in the same order. To do: name a network of these classes, "
                "or train one on the data."
            )


def card_to_plain(card: NetworkCard) -> dict[str, Plain]:
    """The card as plain JSON values, with the options the factory adds by itself, so that a later default changes
    nothing."""
    plain = asdict(card)
    plain["classes"] = list(card.classes)
    plain["normalisation"] |= {"mean": list(card.normalisation.mean), "std": list(card.normalisation.std)}
    plain["options"] = factory.resolve_options(card.role, card.backbone, card.architecture, card.options)
    return {"format": FORMAT, **plain}


def card_from_plain(plain: dict[str, Plain], source: Path) -> NetworkCard:
    """The card from the values of `card_to_plain`.

    Args:
        plain: the parsed JSON object.
        source: file named in errors.

    Raises:
        ValueError: another format version, or a field that is absent or unreadable.
    """
    values = dict(plain)
    if values.pop("format", None) != FORMAT:
        raise ValueError(f"{source}: expected a network card of format {FORMAT}, found {plain.get('format')!r}")
    try:
        return NetworkCard(
            **{
                **values,
                "classes": tuple(_list(values["classes"])),
                "normalisation": _normalisation_from_plain(values["normalisation"]),
            }  # type: ignore[arg-type]
        )
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{source}: the network card lacks a field or has an unknown one ({error}); train the network again"
        ) from error


def _list(value: Plain) -> list[Plain]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, found {value!r}")
    return value


def _normalisation_from_plain(value: Plain) -> Normalisation:
    if not isinstance(value, dict):
        raise TypeError(f"expected a normalisation with mean, std, bgr and scale, found {value!r}")
    triples = {name: tuple(_list(value[name])) for name in ("mean", "std")}
    return Normalisation(**{**value, **triples})  # type: ignore[arg-type]
