"""Limits of age as the settings ship them, and others."""

from reclake.privacy.settings import MinAgeSettings


def min_age(profiling=14, marketing=18, *, unknown_is_allowed=True, **of_basis):
    """The section [privacy.min_age]; `of_basis` holds (profiling, marketing) by basis."""
    return MinAgeSettings.model_validate({
        "any_basis": {"profiling": profiling, "marketing": marketing},
        "of_basis": {basis: {"profiling": p, "marketing": m} for basis, (p, m) in of_basis.items()},
        "unknown_is_allowed": unknown_is_allowed,
    })
