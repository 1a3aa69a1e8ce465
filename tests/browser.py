"""A page as a browser lays it out: headless Chromium, where one is installed, measures it from a page around it."""

import html
import json
import re
import shutil
import subprocess

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# It opens the page in a frame of the asked width, shows one language, opens what is folded, and writes down what lies where.
_AROUND = """<!doctype html><meta charset="utf-8"><body style="margin:0">
<iframe id="page" src="{page}" style="border:0;width:{width}px;height:1000px"></iframe><pre id="measured"></pre>
<script>
const frame = document.getElementById("page");
frame.onload = () => {{
  const page = frame.contentDocument, view = frame.contentWindow, shown = {{}};
  shown.chosen_by_page = page.getElementById("language-zh").checked ? "zh" : "en";
  page.getElementById("language-{language}").checked = true;
  page.querySelectorAll("details").forEach(one => {{ one.open = true; }});
  const overlap = (a, b) => Math.min(Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  shown.too_wide = page.documentElement.scrollWidth - {width};
  shown.beyond = [...page.querySelectorAll("section, figure, p, h2, h3, summary")]
    .filter(one => one.getBoundingClientRect().right > {width} + 1).map(one => one.textContent.slice(0, 60));
  shown.overlaps = []; shown.outside = []; shown.sizes = []; shown.charts = 0;
  page.querySelectorAll("svg").forEach(chart => {{
    shown.charts += 1;
    const box = chart.getBoundingClientRect();
    const texts = [...chart.querySelectorAll("text")].map(one => ({{
      text: one.textContent, at: one.getBoundingClientRect(),
      size: parseFloat(view.getComputedStyle(one).fontSize) * one.getScreenCTM().a,
    }})).filter(one => one.at.width > 0);
    texts.forEach((one, place) => {{
      shown.sizes.push(one.size);
      if (one.at.left < box.left - 1 || one.at.right > box.right + 1 || one.at.top < box.top - 1 || one.at.bottom > box.bottom + 1) shown.outside.push(one.text);
      texts.slice(place + 1).forEach(other => {{ if (overlap(one.at, other.at) > 1.5) shown.overlaps.push(one.text + " | " + other.text); }});
    }});
  }});
  shown.tables = page.querySelectorAll("table").length;
  const other = "{language}" === "en" ? "zh-CN" : "en";
  shown.in_other_language = [...page.querySelectorAll("body [lang='" + other + "']")].filter(one => one.getClientRects().length).length;
  shown.fetched = view.performance.getEntriesByType("resource").length;
  document.getElementById("measured").textContent = JSON.stringify(shown);
}};
</script>"""


def chromium() -> str:
    """The browser; the test skips where there is none."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed (apt-get install chromium fonts-noto-cjk)")
    return found


def _run(folder, *arguments):
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder / 'profile'}")
    without_network = ("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", "--no-first-run")
    done = subprocess.run(
        [chromium(), *options, *without_network, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done


def measured(page, folder, *, width, language):
    """What the browser says of the page (a path) at a width in pixels, and what it complains of."""
    around = folder / f"around-{width}-{language}.html"
    around.write_text(_AROUND.format(page=page.as_uri(), width=width, language=language), encoding="utf-8")
    spoken = {"en": "en-GB", "zh": "zh-CN"}[language]
    done = _run(
        folder,
        "--allow-file-access-from-files",
        "--enable-logging=stderr",
        f"--accept-lang={spoken}",
        f"--lang={spoken}",
        f"--window-size={width},1000",
        "--virtual-time-budget=10000",
        "--dump-dom",
        around.as_uri(),
    )
    found = re.search(r'<pre id="measured">(.+?)</pre>', done.stdout, re.DOTALL)
    assert found, f"the page did not load: {done.stderr}"
    complaints = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return json.loads(html.unescape(found[1])) | {"complaints": complaints}
