"""The catalogue of purposes: conf/purposes, one file each. A changed purpose restates the newest list."""

from reclake.catalogue import Catalogue

from .purpose import Purpose

PURPOSES = Catalogue(name="purposes", noun="purpose", item=Purpose, explained_in="docs/customers.md")
CATALOGUES = (PURPOSES,)
