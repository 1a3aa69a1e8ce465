"""How accounts are compared: attributes, rules that bring two together, and the weights of a lake that fitted none."""

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from reclake.identity.linkage.blocking import BlockLimits
from reclake.identity.linkage.declared import LEVEL_NAMES, Attribute, Band, Comparison
from reclake.identity.linkage.weights import Weights
from reclake.identity.settings import LinkageSettings

DEFAULT_VERSION = "default"

SEALED = ("name", "latin_name", "phone", "email", "address")
"""Attributes whose texts exist on the worker alone; frames hold them sealed, and a keyed number per value."""

PLAIN = ("birth_year", "gender", "region")
"""Attributes that stand in silver.account_records."""

PARTS = ("initial", "phone_tail")
"""Further keyed numbers: the first letter of a name, and the last digits of a phone."""

_TAIL_DIGITS = 6

# Key of each rule, and what is added to it where too many share it. None is part of all others, so no single slip hides a pair.
RULES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "phone": (("phone",), ("any_name",)),
    "email": (("email",), ("any_name",)),
    "address": (("address",), ("birth_year",)),
    "name_and_birth": (("any_name", "birth_year"), ("region",)),
    "name_and_region": (("any_name", "region"), ("gender",)),
    "phone_tail": (("phone_tail",), ("birth_year",)),
    "birth_and_place": (("birth_year", "gender", "region", "initial"), ()),
}

COMPARISON = Comparison(
    attributes=(
        # One sign of three may be a slip; of two it makes another name.
        Attribute(name="name", close=Band(1, 0.34), has_rare_values=True),
        # Who agrees in both spellings of a name agrees once.
        Attribute(name="latin_name", close=Band(1, 0.2), similar=Band(3, 0.34), instead_of="name", has_rare_values=True),
        Attribute(name="phone", close=Band(1), has_rare_values=True),
        Attribute(name="email", close=Band(1, 0.2), similar=Band(3, 0.34), has_rare_values=True),
        Attribute(name="address", close=Band(2, 0.25), similar=Band(6, 0.5), has_rare_values=True),
        Attribute(name="birth_year", close=Band(1)),
        Attribute(name="gender"),
        Attribute(name="region"),
    ),
    rules=tuple(RULES),
)


def parts_of(texts: Mapping[str, str | None]) -> dict[str, str | None]:
    """The texts behind PARTS, of the sealed attributes of one record."""
    name, phone = texts["name"] or texts["latin_name"], texts["phone"]
    return {"initial": name[:1] if name else None, "phone_tail": phone[-_TAIL_DIGITS:] if phone else None}


def block_keys() -> dict[str, Column]:
    """The columns `block_<rule>` and `block_<rule>_refined` of frames with `value_…` and `part_…` numbers."""
    numbers = {
        **{name: F.col(f"value_{name}") for name in COMPARISON.names},
        **{name: F.col(f"part_{name}") for name in PARTS},
        "any_name": F.coalesce("value_name", "value_latin_name"),
    }

    def key(names: tuple[str, ...]) -> Column:
        hashed = F.xxhash64(*(numbers[name] for name in names))
        for name in names:
            hashed = F.when(numbers[name].isNotNull(), hashed)
        return hashed

    keys = {f"block_{rule}": key(names) for rule, (names, _) in RULES.items()}
    refined = {
        f"block_{rule}_refined": key((*names, *more)) if more else F.lit(None).cast("long")
        for rule, (names, more) in RULES.items()
    }
    return keys | refined


def limits_of(settings: LinkageSettings) -> BlockLimits:
    """The limits of blocks as they are set."""
    return BlockLimits(settings.max_block_records, settings.max_refined_records)


def default_weights(settings: LinkageSettings) -> Weights:
    """The weights that stand in the settings.

    Raises
    ------
    ValueError
        When an attribute is missing, or is none of those compared.
    """
    stated: Mapping[str, Any] = settings.default.attributes
    if set(stated) != set(COMPARISON.names):
        raise ValueError(f"linkage.default.attributes states {sorted(stated)}, and compared are {sorted(COMPARISON.names)}")
    return Weights(
        attributes=COMPARISON.names,
        m=tuple(tuple(stated[name].m.get(level, 0.0) for level in LEVEL_NAMES) for name in COMPARISON.names),
        u=tuple(tuple(stated[name].u.get(level, 0.0) for level in LEVEL_NAMES) for name in COMPARISON.names),
        threshold=settings.default.threshold,
    )
