"""Elements of HTML and SVG. Whatever is text is escaped when the page is written: there is no other way into a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from reclake.printable import printable

from . import values
from .texts import LANGUAGES, Text
from .values import Code, Value, written

Content = Element | Value | Iterable["Content"]
_HTML_LANGUAGE = {"en": "en", "zh": "zh-CN"}


def element(tag: str, *content: Content, **attributes: object) -> Element:
    """One element with its content; `class_` stands for class, `data_value` for data-value, and None is left out.

    Raises
    ------
    ValueError
        When an attribute would fetch something, or name anything but a place of the page.
    """
    made = Element(tag)
    for name, value in attributes.items():
        name = name.rstrip("_").replace("_", "-")
        if name in ("src", "srcset", "action", "data", "poster", "style") or name.startswith("on"):
            raise ValueError(f"a page has no attribute {name}: it fetches nothing, and its looks stand in one place")
        if name == "href" and not str(value).startswith("#"):
            raise ValueError(f"a page refers to places of its own only, not to {value}")
        if value is not None:
            made.set(name, printable(f"{value:g}" if isinstance(value, float) else str(value)))
    _fill(made, content)
    return made


def _fill(parent: Element, content: Iterable[Content]) -> None:
    for part in content:
        if isinstance(part, Element):
            parent.append(part)
        elif isinstance(part, Text):
            parent.extend(_in_languages(part, inside=parent.tag))
        elif isinstance(part, Iterable) and not isinstance(part, str):
            _fill(parent, part)
        elif isinstance(part, Code):
            parent.append(element("code", part.text))
        elif isinstance(text := written(part), Text):
            parent.extend(_in_languages(text, inside=parent.tag))
        else:
            _append_text(parent, printable(text))


def _append_text(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def _in_languages(text: Text, *, inside: str) -> Iterator[Element]:
    """The text in each language: the style of the page shows one of them."""
    tag = "tspan" if inside in ("text", "tspan") else "span"
    for language in LANGUAGES:
        yield element(tag, text.of(language), lang=_HTML_LANGUAGE[language])


def cell(value: Value, *, is_number: bool = False) -> Element:
    """A cell of a table.

    Parameters
    ----------
    is_number
        Whether nothing stands where a number would.
    """
    is_right = values.is_number(value) or (value is None and is_number)
    return element("td", value, class_="number" if is_right else "whole" if isinstance(value, date | Code) else None)


def html_of(root: Element) -> str:
    """The document as text."""
    return "<!doctype html>\n" + ElementTree.tostring(root, encoding="unicode", method="html") + "\n"
