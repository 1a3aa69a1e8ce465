"""The catalogue of funnels: conf/funnels, one file each."""

from reclake.catalogue import Catalogue

from .funnels.definition import Funnel

FUNNELS = Catalogue(name="funnels", noun="funnel", item=Funnel, explained_in="docs/funnels.md")
CATALOGUES = (FUNNELS,)
