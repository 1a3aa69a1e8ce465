"""The demo company: seeded people who browse, buy and leave, with the truth about them written beside."""

from .company import Generated, generate
from .settings import DemoSettings

__all__ = ["DemoSettings", "Generated", "generate"]
