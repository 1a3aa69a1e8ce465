"""Declared models: what they name exists, and no two of them meet."""

import inspect
from dataclasses import fields, is_dataclass, replace

import pytest

from reclake import tables
from reclake.recommend.interface import Recommender
from reclake.registry.versions import trainer_of
from reclake.settings import load_settings
from reclake.tables.models import ALS, METRICS, MODELS, by_name, serving

EVERY_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


def test_there_are_models():
    assert MODELS


@EVERY_MODEL
def test_what_it_names_exists(root, model):
    settings = load_settings(root, profile="test", environment={})
    assert all(settings.value(section).model_dump() for section in model.settings)
    assert tables.BY_NAME[model.serves] in tables.gold.TABLES
    assert model in serving(tables.BY_NAME[model.serves])
    assert {i.table for i in model.reads} <= set(tables.TABLES)


@EVERY_MODEL
def test_its_trainer_is_whole_and_takes_the_declared_sections(root, model):
    settings = load_settings(root, profile="test", environment={})
    trainer = trainer_of(model)
    assert trainer.name == model.name
    wanted = {name for name, member in vars(Recommender).items() if inspect.isroutine(member) and not name.startswith("_")}
    assert len(wanted) >= 5
    assert wanted <= set(dir(trainer))
    recommender = trainer.of({section: settings.value(section) for section in model.settings})
    assert is_dataclass(recommender.settings)
    assert set(trainer.searched) <= {field.name for field in fields(recommender.settings)}
    assert tuple(recommender.space(settings.tuning)) == trainer.searched
    assert len({part.folder for part in trainer.parts}) == len(trainer.parts)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (dict(name="Als"), "not a model name"),
        (dict(name="popularity"), "not a model name"),
        (dict(trainer="reclake.recommend.als"), "not written as module:Class"),
        (dict(metric="precision_at_10"), "judged by one of"),
    ],
)
def test_a_declaration_that_means_nothing_is_refused(changed, why):
    with pytest.raises(ValueError, match=why):
        replace(ALS, **changed)


def test_no_two_models_have_one_name():
    other = replace(ALS, name="other", metric=METRICS[0])
    assert list(by_name(ALS, other)) == ["als", "other"]
    with pytest.raises(ValueError, match="two models are called als"):
        by_name(ALS, replace(other, name="als"))
