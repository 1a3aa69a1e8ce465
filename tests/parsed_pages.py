"""Pages as a browser reads them: trees of elements, made by the parser of the standard library."""

from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

from reclake.pages.scales import width_of

_VOID = {"meta", "input", "br", "link", "img", "hr"}
_LANGUAGES = {"en": "en", "zh": "zh-CN"}


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tree = TreeBuilder()

    def handle_starttag(self, tag, attributes):
        self.tree.start(tag, {name: value or "" for name, value in attributes})
        if tag in _VOID:
            self.tree.end(tag)

    def handle_endtag(self, tag):
        if tag not in _VOID:
            self.tree.end(tag)

    def handle_data(self, text):
        self.tree.data(text)


def parsed(html: str) -> Element:
    """The root element."""
    reader = _Reader()
    reader.feed(html.removeprefix("<!doctype html>").strip())
    reader.close()
    return reader.tree.close()


def text_in(place: Element, language: str = "en") -> str:
    """What a reader of one language sees in the element, in one line."""

    def seen(one):
        if one.get("lang") in _LANGUAGES.values() and one.get("lang") != _LANGUAGES[language] and one.tag != "html":
            return ""
        return (one.text or "") + "".join(seen(child) + (child.tail or "") for child in one)

    return " ".join(seen(place).split())


def section(page: Element, key: str) -> Element:
    """One panel."""
    (one,) = (place for place in page.iter("section") if place.get("id") == key)
    return one


def rows_of(table: Element, language: str = "en") -> list[list[str]]:
    """The cells of a table's body as they are read."""
    return [[text_in(cell, language) for cell in row.findall("td")] for row in table.find("tbody").findall("tr")]


def assert_inside(drawn):
    """Every text lies within the drawing, and no two overlap, in both languages."""
    *_, width, height = map(float, drawn.find("svg").get("viewBox").split())
    for language in ("en", "zh"):
        boxes = []
        for one in drawn.iter("text"):
            size = 12.0 if one.get("class") == "axis" else 14.0
            wide, x, y = width_of(text_in(one, language), size), float(one.get("x")), float(one.get("y"))
            left = {"end": x - wide, "middle": x - wide / 2}.get(one.get("text-anchor"), x)
            boxes.append((left, left + wide, y - size * 0.75, y + size * 0.2, text_in(one, language)))
        for place, (left, right, top, bottom, text) in enumerate(boxes):
            assert left >= -0.5, text
            assert right <= width + 0.5, text
            assert top >= -0.5, text
            assert bottom <= height + 0.5, text
            for other in boxes[place + 1 :]:
                apart = right <= other[0] + 0.5 or other[1] <= left + 0.5 or bottom <= other[2] + 0.5 or other[3] <= top + 0.5
                assert apart, f"{text} overlaps {other[4]}"


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """The ratio of WCAG 2.2, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
