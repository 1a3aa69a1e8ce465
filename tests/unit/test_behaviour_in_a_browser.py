"""The report about behaviour in headless Chromium: nothing overlaps or leaves the screen, on a desk and on a phone."""

from datetime import datetime

import pytest

import browser
import reported
from lakes import ROOT, places
from reclake.cockpit.behaviour_report import write_behaviour
from reclake.look.lake import look_at
from reclake.settings import load_settings
from without_spark import publish

WIDTHS = (1280, 390)  # pixels: a desk, and a phone


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    browser.chromium()
    folder = tmp_path_factory.mktemp("report")
    publish(folder / "lake", reported.rows())
    own = [f"{key}={value}" for key, value in places(folder, folder / "landing").items()]
    settings = load_settings(ROOT, profile="test", overrides=own, environment={})
    write_behaviour(look_at(ROOT, settings, clock=lambda: datetime(2026, 3, 10, 8)), folder / "behaviour.html")
    return folder / "behaviour.html"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_can_be_read(page, tmp_path, width, language):
    shown = browser.measured(page, tmp_path, width=width, language=language)
    assert shown["charts"] >= 12
    assert shown["tables"] >= 12
    assert shown["complaints"] == []
    assert shown["fetched"] == 0
    assert shown["chosen_by_page"] == language  # that of the browser, by the script of the page
    assert shown["in_other_language"] == 0
    assert shown["too_wide"] <= 0
    assert shown["beyond"] == []
    assert shown["overlaps"] == []
    assert shown["outside"] == []
    assert min(shown["sizes"]) >= 8  # pixels


def test_what_is_wrong_is_seen(tmp_path):
    """The net of the test above holds: two texts on one place, one outside its chart, and a paragraph beyond the screen."""
    place = tmp_path / "wrong.html"
    place.write_text(
        "<input type=radio name=l id=language-en checked><input type=radio name=l id=language-zh><body>"
        "<p style='width:3000px'>wide</p><svg viewBox='0 0 100 50' width=200 style='overflow:visible'>"
        "<text x=10 y=20>one</text><text x=12 y=22>other</text><text x=95 y=40 style='font-size:4px'>outside</text></svg>",
        encoding="utf-8",
    )
    shown = browser.measured(place, tmp_path, width=390, language="en")
    assert shown["too_wide"] > 0
    assert shown["beyond"] == ["wide"]
    assert shown["overlaps"] == ["one | other"]
    assert shown["outside"] == ["outside"]
    assert min(shown["sizes"]) == pytest.approx(8, abs=0.1)
