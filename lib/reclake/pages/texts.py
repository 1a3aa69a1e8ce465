"""Sentences in both languages of a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or name in both languages; `{name}` stands for a value.

    Raises
    ------
    ValueError
        When a language is missing, or the two name different values.

    Examples
    --------
    >>> Text("{n} files", "{n} 个文件").filled(n=3)
    Text(en='3 files', zh='3 个文件')
    >>> Text("files", "")
    Traceback (most recent call last):
    ValueError: a text has no zh: 'files'
    """

    en: str
    zh: str

    def __post_init__(self) -> None:
        for language in LANGUAGES:
            if not getattr(self, language).strip():
                raise ValueError(f"a text has no {language}: {self.en or self.zh!r}")
        if _values(self.en) != _values(self.zh):
            raise ValueError(f"the languages name different values: {self.en!r}, {self.zh!r}")

    def filled(self, **values: object) -> Text:
        """The text with its values, those that are texts in the language of each.

        Values are put in once: a brace in a value of others is a brace.

        Examples
        --------
        >>> Text("a {unit}", "一个{unit}").filled(unit=Text("visit", "访问"))
        Text(en='a visit', zh='一个访问')
        """
        return Text(*(_doubled(getattr(self, language).format(**_spoken(values, language))) for language in LANGUAGES))

    def of(self, language: str) -> str:
        """The text in one language, as it is shown."""
        text: str = getattr(self, language)
        return text.replace("{{", "{").replace("}}", "}")


def plain(en: str, zh: str) -> Text:
    """Sentences of others, whose braces stand for no value.

    Examples
    --------
    >>> plain("{twice} a day", "每天{两}次").of("en")
    '{twice} a day'
    """
    return Text(_doubled(en), _doubled(zh))


def _spoken(values: Mapping[str, object], language: str) -> dict[str, object]:
    return {name: value.of(language) if isinstance(value, Text) else value for name, value in values.items()}


def _values(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
