"""Values that somebody wrote into a TOML file: frozen, typed, complete, and every mistake told with its key."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from reclake.errors import SettingsInvalid

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}\z")]  # it becomes a part of a path
MAX_BYTES = 1 << 20  # of a file that a person writes


class Strict(BaseModel):
    """A part of such a file; unknown keys are refused, and a value never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Section(Strict):
    """One section of the settings. It has no defaults: they stand in conf/base.toml alone."""


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """The names of the IANA database; each look at it opens 600 files."""
    return frozenset(available_timezones())


def read_toml(path: Path, *, kind: str, next_step: str, within: Path | None = None) -> dict[str, Any]:
    """What the file holds.

    Parameters
    ----------
    kind
        What the file is, as the error names it: "settings file".
    within
        A folder that the file must lie in, also where it is a link.

    Raises
    ------
    SettingsInvalid
        When it is missing, no regular file, a link out of `within`, larger than MAX_BYTES, not UTF-8 or not TOML.
    """
    try:
        state = path.stat()
        if within is not None and not path.resolve().is_relative_to(within.resolve()):
            reason = f"it is a link out of {within.name}/"
        elif not stat.S_ISREG(state.st_mode):
            reason = "it is no regular file"
        elif state.st_size > MAX_BYTES:
            reason = f"{state.st_size:,} bytes, and {MAX_BYTES:,} are allowed"
        else:
            return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        reason = f"nothing at {path}"
    except UnicodeDecodeError as error:
        reason = f"it is not UTF-8: byte {error.start + 1}"
    except tomllib.TOMLDecodeError as error:
        reason = f"it is not TOML: {error}"
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or error)
    raise SettingsInvalid(f"{kind} {path.name} cannot be read", reason, next_step)


def near(word: str, known: Collection[str]) -> str:
    """The known word that was perhaps meant, as a question; nothing where none is near.

    Examples
    --------
    >>> near("gap_minute", ["gap_minutes", "seed"]), near("speed", ["gap_minutes"])
    ("did you mean 'gap_minutes'?", '')
    """
    return f"did you mean {close[0]!r}?" if (close := get_close_matches(word, known, n=1)) else ""


def mistakes(error: ValidationError, kind: type[BaseModel], *, whole: str) -> str:
    """Every mistake in one line: its key, what is wrong, and what is allowed there.

    Parameters
    ----------
    whole
        What a mistake is named after that belongs to no single key.
    """
    found = error.errors(include_url=False)
    # Of a list whose parts are wrong pydantic counts only the others.
    broken = {one["loc"][:n] for one in found for n in range(len(one["loc"]))}
    counted = [one for one in found if one["type"] != "too_short" or one["loc"] not in broken]
    told = (f"{'.'.join(_keys_of(one['loc'])) or whole}: {_wrong(one['type'], one, kind)}" for one in counted)
    return "; ".join(dict.fromkeys(told))


def _keys_of(path: Sequence[str | int]) -> list[str]:
    """The keys of a mistake, without the branches of a union of words that pydantic names between them."""
    return [str(step) for step in path if not str(step).startswith("literal[")]


def _wrong(fault: str, one: Mapping[str, Any], kind: type[BaseModel]) -> str:
    if fault == "missing":
        return "is missing"
    if fault == "extra_forbidden":
        known = _keys_at(kind, one["loc"][:-1])
        return _with_hint("is no known key", str(one["loc"][-1]), known) + (f", known are {', '.join(known)}" if known else "")
    if fault == "too_short":
        return f"needs at least {one['ctx']['min_length']}, and has {one['ctx']['actual_length']}"
    message = str(one["msg"]).removeprefix("Value error, ")
    if fault in ("literal_error", "enum") and isinstance(one["input"], str):
        return _with_hint(message, one["input"], re.findall(r"'([^']*)'", str(one["ctx"]["expected"])))
    return message


def _with_hint(message: str, word: str, known: Collection[str]) -> str:
    return f"{message} ({hint})" if (hint := near(word, known)) else message


def _keys_at(kind: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The keys that are known at this place, as a file writes them."""
    places: list[Any] = [kind]
    for step in path:
        places = [below for place in places for one in _alternatives(place) for below in _below(one, step)]
    models = [one for place in places for one in _alternatives(place) if _is_model(one)]
    return list(dict.fromkeys(field.alias or name for model in models for name, field in model.model_fields.items()))


def _alternatives(place: Any) -> Iterator[Any]:
    """The types that a value of this annotation may have."""
    origin = get_origin(place)
    if origin is Annotated:
        yield from _alternatives(get_args(place)[0])
    elif origin in (Union, UnionType):
        for one in get_args(place):
            yield from _alternatives(one)
    else:
        yield place


def _below(one: Any, step: str | int) -> Iterator[Any]:
    """What lies behind a step of a mistake's path: a key, a place in a list, or the branch of a union."""
    if _is_model(one):
        fields = [field for name, field in one.model_fields.items() if step in (name, field.alias)]
        yield from (field.annotation for field in fields)
        if not fields and step in _branch_names(one):
            yield one
    elif (arguments := get_args(one)) and get_origin(one) is not Literal:
        yield arguments[-1] if issubclass(get_origin(one), Mapping) else arguments[0]


def _branch_names(model: type[BaseModel]) -> set[str]:
    """The names under which pydantic's paths tell a model of a union: its class, or a word that marks it."""
    words = [get_args(field.annotation) for field in model.model_fields.values() if get_origin(field.annotation) is Literal]
    return {model.__name__}.union(*words)


def _is_model(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)
