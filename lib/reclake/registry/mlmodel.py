"""The file MLmodel beside a model's parts: with it `mlflow.pyfunc.load_model` gives lists for customer ids, without Spark."""

from __future__ import annotations

from reclake.recommend.file_lists import N

NAME = "MLmodel"


def mlmodel(loader: str, *, run_id: str) -> str:
    """The text of the file. It names a module of this package and no pickle, so loading it runs no code but ours.

    Parameters
    ----------
    loader
        The module that the trainer names (`Recommender.file_lists`).
    """
    from mlflow import pyfunc  # only a registration needs it, and it is slow to import
    from mlflow.models import Model, ModelSignature
    from mlflow.types import DataType, ParamSchema, ParamSpec

    model = Model(run_id=run_id, signature=ModelSignature(params=ParamSchema([ParamSpec("n", DataType.long, N)])))
    pyfunc.add_to_model(model, loader_module=loader)
    return str(model.to_yaml())
