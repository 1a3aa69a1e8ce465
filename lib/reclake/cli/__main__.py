"""`python -m reclake.cli` is the command `reclake`."""

from .main import main

main()
