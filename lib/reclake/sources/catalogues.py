"""The catalogue of sources: conf/sources, one file each. A changed source restates what its records became."""

from reclake.catalogue import Catalogue

from .source import Source

SOURCES = Catalogue(
    name="sources",
    noun="source",
    item=Source,
    explained_in="docs/sources.md",
    setting="sources.directory",
    counts_as_setting=True,
)
CATALOGUES = (SOURCES,)
