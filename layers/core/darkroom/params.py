"""Parameters of steps: declared once as a struct, and from that validated, listed, documented and put into schemas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import msgspec

from darkroom.errors import RecipeInvalid, nearest


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every step's parameters.

    A field is ``name: Annotated[type, param("meaning", ge=…, le=…, unit=…)] = default``; its unit stands in the
    schema. `neutral` names the values at which the step returns its input unchanged; `example` holds values that show
    the effect, for a step whose defaults do nothing or that cannot do without a value; `scene` is the
    documentation's photograph that it is shown on (`docs/make/scenes.py`).
    """

    neutral: ClassVar[Mapping[str, Any]] = {}
    example: ClassVar[Mapping[str, Any]] = {}
    scene: ClassVar[str] = "photo"

    def is_neutral(self) -> bool:
        """True where these parameters leave every picture as it is, whatever its content."""
        return getattr(self, "strength", 1.0) == 0.0 or any(getattr(self, k) == v for k, v in self.neutral.items())

    def check(self) -> None:
        """Raise ValueError, naming the fields, where valid values do not go together."""

    @classmethod
    def parse(cls, values: Mapping[str, Any], *, of: str, from_text: bool = False) -> Self:
        """Validated parameters from a mapping of names to values.

        `of` names the step in messages. With `from_text`, strings such as ``"2.5"`` and ``"true"`` are read as numbers
        and booleans (the command line, a query string). Raises `RecipeInvalid` that names the field and its bounds.
        """
        names = cls.names()
        for name in values:
            if name not in names:
                known = ", ".join(names) or "none"
                raise RecipeInvalid(
                    "unknown-parameter",
                    f"step '{of}' has no parameter '{name}'{nearest(name, names)} (it has: {known})",
                )
        try:
            params = msgspec.convert(dict(values), cls, strict=not from_text)
            params.check()
        except msgspec.ValidationError as error:
            raise _out_of_bounds(cls, of, values, error) from None
        except ValueError as error:
            raise RecipeInvalid("bad-parameters", f"step '{of}': {error}") from None
        return params

    @classmethod
    def names(cls) -> list[str]:
        """The parameters' public names, in order."""
        return [field.encode_name for field in msgspec.structs.fields(cls)]

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """The JSON schema (draft 2020-12) of these parameters, with units and defaults, free of references."""
        _, definitions = msgspec.json.schema_components([cls], ref_template="#/$defs/{name}")
        own: dict[str, Any] = definitions.pop(cls.__name__)
        if not own["required"]:
            del own["required"]
        if definitions:
            own["$defs"] = definitions
        return own

    def to_dict(self) -> dict[str, Any]:
        """All values by public name, as JSON types."""
        built = msgspec.to_builtins(self)
        assert isinstance(built, dict)
        return built


def param(
    meaning: str,
    *,
    ge: float | None = None,
    le: float | None = None,
    gt: float | None = None,
    lt: float | None = None,
    unit: str = "",
    min_length: int | None = None,
    max_length: int | None = None,
    pattern: str | None = None,
    **extra: Any,
) -> msgspec.Meta:
    """The one-line meaning, bounds and unit of one parameter. `extra` goes into its JSON schema as it is."""
    if unit:
        extra["unit"] = unit
    bounds: dict[str, Any] = {
        "ge": ge,
        "le": le,
        "gt": gt,
        "lt": lt,
        "min_length": min_length,
        "max_length": max_length,
        "pattern": pattern,
    }
    return msgspec.Meta(description=meaning, extra_json_schema=extra or None, **bounds)


Strength = Annotated[float, param("how much of the effect is mixed into the input; 0 leaves it as it is", ge=0, le=1)]


def describe_bounds(schema: Mapping[str, Any]) -> str:
    """A parameter's allowed values in words, from its JSON schema: ``"0.1 to 10"``, ``"one of a, b"``."""
    if "anyOf" in schema:
        return " or ".join(filter(None, (describe_bounds(option) for option in schema["anyOf"])))
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    words = {
        "{:g} to {:g}": (low, high),
        "more than {:g}, at most {:g}": (above, high),
        "at least {:g}, less than {:g}": (low, below),
        "more than {:g}, less than {:g}": (above, below),
        "at least {:g}": (low,),
        "at most {:g}": (high,),
        "more than {:g}": (above,),
        "less than {:g}": (below,),
    }
    bounds = next((text.format(*ends) for text, ends in words.items() if None not in ends), "")
    return f"{schema.get('type', '')} {bounds}".strip()


def _out_of_bounds(
    cls: type[Params], of: str, values: Mapping[str, Any], error: msgspec.ValidationError
) -> RecipeInvalid:
    message = str(error)
    missing = re.search(r"missing required field `([^`]+)`", message)
    if missing:
        return RecipeInvalid("missing-parameter", f"step '{of}' needs the parameter '{missing[1]}'")
    path = re.search(r"at `\$\.?([^.\[`]+)", message)
    name = path[1] if path else ""
    allowed = cls.schema()["properties"].get(name, {})
    hint = nearest(str(values.get(name)), map(str, allowed["enum"])) if "enum" in allowed else ""
    bounds = " ".join(filter(None, (describe_bounds(allowed), allowed.get("unit")))) or message
    return RecipeInvalid(
        "bad-parameter", f"step '{of}': '{name}' is {values.get(name)!r:.80} but must be {bounds}{hint}"
    )
