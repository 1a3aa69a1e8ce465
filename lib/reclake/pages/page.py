"""One page: what it shows and of which state of the lake, as one HTML file."""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from xml.etree.ElementTree import Element

from .elements import element, html_of
from .panels import Panel
from .style import SCRIPT, STYLE
from .texts import Text
from .values import Code, Value

_LAKE = Text("Lake", "数据湖")
_MANIFEST = Text("Manifest", "清单")
_AS_OF = Text("As of", "截至（不含当日）")
_NEWEST = Text("Newest delivery", "最新交付")
_MADE = Text("Page made", "页面生成时间")
_AGE = Text("{day}, {n} days before this page was made", "{day}，距页面生成 {n} 天")
_FOOTER = Text(
    "This file is complete in itself: it fetches nothing and sends nothing.",
    "本文件自成一体：不从网络读取任何内容，也不发送任何内容。",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """The state of the lake that a page shows."""

    lake: str
    manifest_id: int
    as_of: date | None
    newest_delivery: date | None
    made_at: datetime  # UTC

    def facts(self) -> tuple[tuple[Text, Value], ...]:
        """Names and values of the page's head."""
        age: Value = None
        if self.newest_delivery is not None:
            n_days = (self.made_at.date() - self.newest_delivery).days
            age = _AGE.filled(day=self.newest_delivery.isoformat(), n=f"{n_days:,}")
        return (
            (_LAKE, Code(self.lake)),
            (_MANIFEST, self.manifest_id),
            (_AS_OF, self.as_of),
            (_NEWEST, age),
            (_MADE, self.made_at),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A title, a sentence of what it is, the state that it shows, and its panels."""

    title: Text
    lead: Text
    shown: Shown
    panels: tuple[Panel, ...]
    note: Text | None = None  # what holds for all of it

    def __post_init__(self) -> None:
        keys = [panel.key for panel in self.panels]
        if len(set(keys)) < len(keys):
            raise ValueError(f"two panels have one key: {keys}")

    def html(self) -> str:
        """The whole file."""
        return html_of(element("html", self._head(), self._body(), lang="en"))

    def _head(self) -> Element:
        digest = b64encode(sha256(SCRIPT.encode()).digest()).decode()
        policy = (
            f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        )
        return element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="robots", content="noindex"),
            element("title", f"{self.title.of('en')} · {self.title.of('zh')}"),
            _own("style", STYLE),
        )

    def _body(self) -> Element:
        facts = [element("div", element("dt", name), element("dd", value)) for name, value in self.shown.facts()]
        links = [element("a", panel.title, href=f"#{panel.key}") for panel in self.panels]
        choices = [
            element("input", type="radio", name="language", id=f"language-{code}", class_="choice", checked=checked)
            for code, checked in (("en", "checked"), ("zh", None))
        ]
        labels = [element("label", name, for_=f"language-{code}") for code, name in (("en", "English"), ("zh", "中文"))]
        return element(
            "body",
            choices,
            element("div", labels, class_="languages"),
            element(
                "header",
                element("h1", self.title),
                element("p", self.lead, class_="lead"),
                element("p", self.note, class_="note") if self.note else (),
                element("dl", facts, class_="facts"),
                element("nav", links),
            ),
            element("main", [panel.drawn() for panel in self.panels]),
            element("footer", element("p", _FOOTER)),
            _own("script", SCRIPT),
        )


def _own(tag: str, text: str) -> Element:
    """Style or script of this package, which stands in the page as it is."""
    made = element(tag)
    made.text = text
    return made


def write(page: Page, path: Path, *, mode: int = 0o600) -> None:
    """Put the page at its place in one step: a reader sees the old one or the new one, whole.

    Parameters
    ----------
    mode
        Rights of the file; by default its owner's alone.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(page.html())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
