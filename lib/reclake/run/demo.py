"""The demo company: its landing files, the truth about them, and its keys."""

from __future__ import annotations

from reclake.privacy.keys import make_key_files
from reclake.synthetic.company import generate

from .application import Application, located
from .views import Rows

SOURCE = "demo"


def generate_demo(app: Application, *, n_days: int | None = None, folder: str | None = None) -> Rows:
    """Landing files below `landing.root`/demo, the truth beside the landing folder, and keys of mode 0600."""
    settings = app.settings
    landing = located(app.home, folder or f"{settings.landing.root}/{SOURCE}")
    truth = f"{located(app.home, settings.landing.root)}-truth/{SOURCE}"
    make_key_files(located(app.home, settings.secrets.directory), (settings.privacy.id_key_id, settings.privacy.contact_key_id))
    made = generate(app.spark, landing, truth, settings=settings.demo, n_days=n_days)
    return [{"table": table, "records": n} for table, n in made.n_by_table.items()] + [
        {"table": "all", "records": made.n_records, "files": made.n_files, "new": made.is_new}
    ]
