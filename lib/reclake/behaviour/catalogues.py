"""The catalogues of funnels and of paths: conf/funnels and conf/paths, one file each."""

from reclake.catalogue import Catalogue

from .funnels.definition import Funnel
from .paths.definition import Paths

FUNNELS = Catalogue(name="funnels", noun="funnel", item=Funnel, explained_in="docs/funnels.md")
PATHS = Catalogue(name="paths", noun="definition of paths", item=Paths, explained_in="docs/paths.md")
CATALOGUES = (FUNNELS, PATHS)
