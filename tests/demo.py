"""The demo company of the tests: the settings of base.toml, with what a test changes."""

import tomllib
from pathlib import Path
from typing import Any

from reclake.synthetic.settings import DemoSettings

_BASE = Path(__file__).resolve().parents[1] / "conf" / "base.toml"


def demo_settings(**changes: Any) -> DemoSettings:
    """The demo settings; a change named `section__key` goes into a section."""
    values = tomllib.loads(_BASE.read_text(encoding="utf-8"))["demo"]
    for name, value in changes.items():
        section, _, key = name.rpartition("__")
        (values[section] if section else values)[key] = value
    return DemoSettings.model_validate(values)


def dirtier(times: float) -> dict[str, float]:
    """Changes that plant `times` as much dirt."""
    shares = demo_settings().dirt.model_dump()
    return {f"dirt__{name}": share * times for name, share in shares.items() if name.endswith("_share")}
