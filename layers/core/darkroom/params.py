"""Parameters of steps: declared once as a struct, and from that validated, listed, documented and put into schemas."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Self

import msgspec
import numpy as np

from darkroom.errors import RecipeInvalid, nearest

SMALLEST = 2.0**-126
"""The smallest normal float32. What lies nearer to zero counts as zero, for float32 does not divide by it."""


class FieldInvalid(ValueError):
    """A field's value is missing, of a wrong type or out of bounds. The message names it and what it must be."""

    def __init__(self, name: str, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.name = name
        self.missing = missing


def once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Values by their names. Raises `RecipeInvalid` naming one that is said twice, for which of them is meant?"""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise RecipeInvalid("said-twice", f"'{name:.80}' is said twice: once is meant to do")
        found[name] = value
    return found


def from_json[T](text: bytes | str, kind: type[T]) -> T:
    """A value from JSON whose objects say each name once. Raises `RecipeInvalid`, msgspec's errors, RecursionError."""
    value = msgspec.json.decode(text, type=kind)
    json.loads(text, object_pairs_hook=once, parse_int=str, parse_float=str)  # msgspec takes the last of two
    return value


def convert[T: msgspec.Struct](values: Mapping[str, Any], kind: type[T], *, strict: bool) -> T:
    """A struct from its fields' values by public name; names that it has not are left out.

    Field by field, so that whoever is told of an error knows which one. Without `strict` texts are read as numbers and
    booleans. Raises `FieldInvalid`.
    """
    found = {}
    for field in msgspec.structs.fields(kind):
        if field.encode_name in values:
            try:
                found[field.name] = msgspec.convert(values[field.encode_name], field.type, strict=strict)
            except msgspec.ValidationError as error:
                name = field.encode_name
                raise FieldInvalid(name, _must_be(kind, name, values[name], str(error))) from None
        elif field.required:
            raise FieldInvalid(field.encode_name, f"'{field.encode_name}' is missing", missing=True)
    return kind(**found)


def _must_be(kind: type[msgspec.Struct], name: str, value: Any, why: str) -> str:
    """The message for a wrong value: its bounds and the nearest right word, or what msgspec says of a text or list."""
    _, definitions = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    allowed = definitions[kind.__name__]["properties"][name]
    options = [one for one in allowed.get("anyOf", [allowed]) if one.get("type") != "null"]
    if any(one.get("type", "array") in ("array", "object", "string") and "enum" not in one for one in options):
        return f"'{name}': {why}"
    words = [str(word) for one in options for word in one.get("enum", ())]
    bounds = " or ".join(map(describe_bounds, options))
    unit = allowed.get("unit", "")
    return f"'{name}' is {value!r:.80} but must be {bounds} {unit}".rstrip() + nearest(str(value), words)


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
        and booleans (the command line, a query string). NumPy's numbers are numbers. Those nearer to zero than
        `SMALLEST` count as zero. Raises `RecipeInvalid` that names the field and its bounds.
        """
        names = cls.names()
        for name in values:
            if name not in names:
                known = ", ".join(names) or "none"
                raise RecipeInvalid(
                    "unknown-parameter",
                    f"step '{of}' has no parameter '{name}'{nearest(name, names)} (it has: {known})",
                )
        values = {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
        try:
            params = convert(values, cls, strict=not from_text)
            told = params.to_dict()
            if _without_tiny(told) != told:  # once more, for zero may be out of bounds
                params = convert({**values, **{name: _without_tiny(told[name]) for name in values}}, cls, strict=True)
            params.check()
        except FieldInvalid as error:
            if error.missing:
                message = f"step '{of}' needs the parameter '{error.name}'"
                raise RecipeInvalid("missing-parameter", message) from None
            raise RecipeInvalid("bad-parameter", f"step '{of}': {error}") from None
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


def _without_tiny(value: Any) -> Any:
    """A JSON value with zero for each number nearer to zero than `SMALLEST`."""
    if isinstance(value, dict):
        return {name: _without_tiny(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_tiny(one) for one in value]
    return 0.0 if isinstance(value, float) and abs(value) < SMALLEST else value


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
