"""A second catalogue, beside the sources: tags with one key."""

from pydantic import PositiveInt

from reclake.catalogue import Catalogue, Item


class Tag(Item):
    window_days: PositiveInt


TAGS = Catalogue(name="tags", noun="tag", item=Tag, explained_in="docs/tags.md")
