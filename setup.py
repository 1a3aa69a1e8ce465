"""The package lib/reclake; tools are configured in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

requirements = Path(__file__).parent / "requirements" / "jobs.txt"

setup(
    name="reclake",
    version="0.1.0",
    description="Customer analytics and recommendation on Spark and Delta Lake",
    license="Apache-2.0",
    python_requires=">=3.11",
    package_dir={"": "lib"},
    packages=find_packages("lib"),
    install_requires=requirements.read_text().splitlines() if requirements.exists() else [],
    entry_points={"console_scripts": ["reclake = reclake.cli:main"]},
)
