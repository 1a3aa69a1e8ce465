"""What is compared: attributes with their levels of agreement, and the rules that bring two records together."""

from __future__ import annotations

from dataclasses import dataclass

# Levels of agreement, the same words for every attribute. A level that an attribute does not declare never occurs.
MISSING = 0  # one of the two values is absent: says nothing
DIFFERENT = 1
SIMILAR = 2
CLOSE = 3
SWAPPED = 4  # the two records hold the values of this attribute and of its partner the other way round
EXACT = 5
N_LEVELS = 6
LEVEL_NAMES = ("missing", "different", "similar", "close", "swapped", "exact")

_MAX_ATTRIBUTES = 24  # 6 ** 24 patterns fit a signed 64-bit number


@dataclass(frozen=True, slots=True)
class Band:
    """How far two texts may lie apart: at most `max_edits`, and at most the share `max_share` of the longer text.

    An edit replaces, removes or adds a character, or swaps two neighbours.
    """

    max_edits: int
    max_share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One compared property of a record, a text that is null or blank where nothing is known."""

    name: str
    close: Band | None = None
    similar: Band | None = None  # wider than `close`
    swaps_with: str | None = None  # the attribute whose value is often written in this one's place; declared on the first
    instead_of: str | None = None  # compared only where one of the two records lacks that earlier attribute
    has_rare_values: bool = False  # agreement on a rare value weighs more than on a common one

    def __post_init__(self) -> None:
        if self.close and self.similar and self.similar.max_edits < self.close.max_edits:
            raise ValueError(f"{self.name}: similar texts may lie further apart than close ones, not nearer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The attributes that are compared, and the names of the rules whose keys bring two records together.

    A record brings the key of each rule in the column `block_<rule>`, and in `block_<rule>_refined` the narrower key that
    takes its place where too many records share the first; null where the rule does not take the record.
    """

    attributes: tuple[Attribute, ...]
    rules: tuple[str, ...]

    def __post_init__(self) -> None:
        names = [attribute.name for attribute in self.attributes]
        if not names or len(set(names)) != len(names) or len(names) > _MAX_ATTRIBUTES:
            raise ValueError(f"between 1 and {_MAX_ATTRIBUTES} attributes of different names are compared, not {names}")
        if not self.rules or len(set(self.rules)) != len(self.rules):
            raise ValueError(f"at least one rule, each once, brings records together: {self.rules}")
        for attribute in self.attributes:
            if attribute.swaps_with is not None and attribute.swaps_with not in names[names.index(attribute.name) + 1 :]:
                raise ValueError(f"{attribute.name} swaps with {attribute.swaps_with}, which is no later attribute")
            if attribute.instead_of is not None and attribute.instead_of not in names[: names.index(attribute.name)]:
                raise ValueError(f"{attribute.name} stands instead of {attribute.instead_of}, which is no earlier attribute")

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes' names, in the order of a pattern's digits."""
        return tuple(attribute.name for attribute in self.attributes)
