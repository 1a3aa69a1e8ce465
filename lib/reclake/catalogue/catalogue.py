"""A catalogue: a folder of TOML files, read by one loader into frozen items."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from reclake.errors import SettingsInvalid, UsageError
from reclake.strict import mistakes, near, read_toml

from .item import Item

I = TypeVar("I", bound=Item)  # noqa: E741
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue(Generic[I]):
    """A folder of items of one type. Tables name it to be given its items; builders take them under its name."""

    name: str  # plural: "tags"
    noun: str  # of one item: "tag"
    item: type[I]
    explained_in: str  # the document that explains every key
    folder: str = ""  # below the project folder; conf/<name> if nothing is stated
    setting: str = ""  # the full name of a setting that states the folder instead
    counts_as_setting: bool = False  # a changed item restates every day, as a changed setting does; not the newest as_of alone

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot be the name of a catalogue: lower case, digits and _")
        if self.folder and self.setting:
            raise ValueError(f"catalogue {self.name}: its folder is stated by a setting or here, not by both")

    def place(self, home: Path, setting: Callable[[str], Any]) -> Path:
        """The folder.

        Parameters
        ----------
        home
            The project folder.
        setting
            Gives the value of a setting by its full name.
        """
        return home / (setting(self.setting) if self.setting else self.folder or f"conf/{self.name}")

    def names(self, folder: Path) -> list[str]:
        """The names of its items in order; none where there is no folder."""
        return sorted(path.stem for path in folder.glob("*.toml") if not path.name.startswith("."))

    def load(self, folder: Path, names: Iterable[str] | None = None) -> dict[str, I]:
        """Its items by name: those that are asked for, in that order; else all of them, in the order of names.

        Raises
        ------
        UsageError
            When there is no item of a name.
        SettingsInvalid
            When a file cannot be read, or anything in it is wrong: all of one file at once.
        """
        known = self.names(folder)
        asked = known if names is None else list(names)
        for name in asked:
            if name not in known:
                hint = near(name, known)
                raise UsageError(
                    f"there is no {self.noun} {name!r}",
                    f"{self.name} {', '.join(known) or 'none'}",
                    f"{f'{hint} ' if hint else ''}see {self.explained_in} to add one",
                )
        return {name: self.read(folder / f"{name}.toml") for name in asked}

    def read(self, path: Path) -> I:
        """The item of a file `<name>.toml`.

        Raises
        ------
        SettingsInvalid
            When the file cannot be read, or anything in it is unknown, missing, misspelt or contradictory: all of it at once.
        """
        told = f"{self.noun} file {path.name} cannot be used"
        values = read_toml(
            path,
            kind=f"{self.noun} file",
            within=path.parent,
            next_step=f"write a file <name>.toml of its own in UTF-8; {self.explained_in} shows it",
        )
        stated = values.setdefault("name", path.stem)
        try:
            item = self.item.model_validate(values)
        except ValidationError as error:
            wrong = mistakes(error, self.item, whole=self.noun)
            raise SettingsInvalid(told, wrong, f"correct it; {self.explained_in} explains every key") from None
        if stated != path.stem:
            raise SettingsInvalid(told, f"it names the {self.noun} {stated!r}", f"name the file {stated}.toml")
        return item
