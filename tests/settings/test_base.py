import pydantic
import pytest
from pydantic import Field

from wsss_core.settings.base import Settings, SettingsError, nearest


class Inner(Settings):
    """Nested settings."""

    sigma: float = Field(default=1.0, gt=0)
    """A width."""


class Outer(Settings):
    """Settings with a nested model."""

    steps: int = Field(default=8, ge=1)
    """A number."""
    root: str
    """A required key."""
    inner: Inner = Inner()
    """Nested."""

    @pydantic.model_validator(mode="after")
    def _no_odd_pair(self) -> "Outer":
        if self.steps == 13 and self.root == "black cat":
            raise ValueError("13 and a black cat do not go together")
        return self


def fault(**values: object) -> str:
    with pytest.raises(SettingsError) as error:
        Outer.parse(values, "stage 's'", ("kind", "method"))
    return str(error.value)


def test_defaults_fill_what_is_left_out() -> None:
    assert Outer.parse({"root": "x"}, "here") == Outer(root="x", steps=8, inner=Inner(sigma=1.0))


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        Outer(root="x").steps = 9  # type: ignore[misc]


@pytest.mark.parametrize(
    ("typed", "meant"), [("step", "steps"), ("methd", "method"), ("rot", "root"), ("inputs_", "inner")]
)
def test_an_unknown_key_names_the_nearest_known_one(typed: str, meant: str) -> None:
    text = fault(root="x", **{typed: 1})
    assert text.startswith(f"stage 's': unknown key {typed!r}; ")
    assert meant in text


def test_an_unknown_nested_key_is_named_with_its_path() -> None:
    assert fault(root="x", inner={"sigm": 2}) == "stage 's': unknown key 'inner.sigm'; did you mean 'sigma'?"


def test_a_key_like_nothing_known_lists_all_keys_of_the_place() -> None:
    assert fault(root="x", zzz=1).endswith("known: inner, kind, method, root, steps")
    assert fault(root="x", inner={"zzz": 1}).endswith("known: sigma")


def test_a_missing_key_is_named() -> None:
    assert fault() == "stage 's': key 'root' is required and missing"


def test_a_wrong_value_is_shown_with_the_rule_it_breaks() -> None:
    text = fault(root="x", inner={"sigma": -1})
    assert text == "stage 's': key 'inner.sigma': input should be greater than 0, found -1"


def test_a_number_is_no_text_and_a_text_no_number() -> None:
    assert "key 'root'" in fault(root=3)
    assert "key 'steps'" in fault(root="x", steps="many")


def test_every_fault_has_a_line() -> None:
    assert len(fault(steps=0, zzz=1).splitlines()) == 3


def test_the_text_of_a_rule_over_several_keys_is_kept() -> None:
    assert "13 and a black cat do not go together" in fault(root="black cat", steps=13)


def test_nearest_knows_what_to_say_when_nothing_is_known() -> None:
    assert nearest("word", []) == "known: none"
    assert nearest("argmx", ["argmax", "crf"]) == "did you mean 'argmax'?"


def test_fields_carry_the_text_below_them_as_description() -> None:
    assert Outer.model_fields["steps"].description == "A number."
