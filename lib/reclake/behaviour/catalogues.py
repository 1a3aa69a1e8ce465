"""The catalogues of funnels, of paths and of cubes: conf/funnels, conf/paths and conf/cubes, one file each."""

from reclake.catalogue import Catalogue

from .cube.definition import Cube
from .funnels.definition import Funnel
from .paths.definition import Paths

FUNNELS = Catalogue(name="funnels", noun="funnel", item=Funnel, explained_in="docs/funnels.md")
PATHS = Catalogue(name="paths", noun="definition of paths", item=Paths, explained_in="docs/paths.md")
CUBES = Catalogue(name="cubes", noun="cube", item=Cube, explained_in="docs/cube.md")
CATALOGUES = (FUNNELS, PATHS, CUBES)
