"""How pages look: on a wide screen, on a phone and on paper."""

from .colours import GREEN, INK, MUTED, PAPER, RULE
from .heat import rules

STYLE = f"""
:root {{ color-scheme: light; --ink: {INK}; --muted: {MUTED}; --rule: {RULE}; --paper: {PAPER}; --mark: {GREEN}; }}
* {{ box-sizing: border-box; }}
html {{ scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }}
body {{
  margin: 0; background: #f3f5f7; color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", "Helvetica Neue", Arial, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
}}
#language-en:checked ~ * [lang="zh-CN"], #language-zh:checked ~ * [lang="en"] {{ display: none; }}
.choice {{ position: absolute; opacity: 0; pointer-events: none; }}
.languages {{ position: absolute; top: 1rem; right: max(1rem, calc(50vw - 35rem)); display: flex; gap: .25rem; }}
.languages label {{ padding: .2rem .7rem; border: 1px solid var(--rule); border-radius: 1rem; background: var(--paper); cursor: pointer; font-size: .875rem; }}
#language-en:checked ~ .languages [for="language-en"], #language-zh:checked ~ .languages [for="language-zh"] {{
  background: var(--ink); border-color: var(--ink); color: var(--paper);
}}
#language-en:focus-visible ~ .languages [for="language-en"], #language-zh:focus-visible ~ .languages [for="language-zh"] {{
  outline: 3px solid #7fb2e5; outline-offset: 2px;
}}
header, main, footer {{ max-width: 72rem; margin: 0 auto; padding: 0 1rem; }}
header {{ padding-top: 3.5rem; }}
h1 {{ margin: 0 0 .25rem; font-size: 1.9rem; line-height: 1.25; }}
h2 {{ margin: 0 0 .5rem; font-size: 1.3rem; line-height: 1.3; }}
h3 {{ margin: 1.5rem 0 .5rem; font-size: 1rem; }}
p {{ margin: .25rem 0 .75rem; max-width: 54rem; }}
.lead {{ font-size: 1.1rem; }}
.facts {{ display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1rem 0; padding: 0; }}
.facts div {{ display: block; }}
.facts dt {{ color: var(--muted); font-size: .8rem; }}
.facts dd {{ margin: 0; font-weight: 600; overflow-wrap: anywhere; }}
nav {{ display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: .75rem 0; border-top: 1px solid var(--rule); font-size: .925rem; }}
a {{ color: #174f86; }}
section {{ margin: 1rem 0; padding: 1.5rem; background: var(--paper); border: 1px solid var(--rule); border-radius: .5rem; }}
.note {{ color: var(--muted); font-size: .875rem; }}
.steps {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .9rem; margin: 1rem 0; padding: 0; list-style: none; }}
.steps > li {{ position: relative; padding: .65rem .6rem; border: 1px solid var(--rule); border-top: 4px solid var(--mark); border-radius: .35rem; }}
.steps h3 {{ margin: 0; font-weight: 500; color: var(--muted); font-size: .9rem; }}
.steps ul {{ margin: 0; padding: 0; list-style: none; font-size: .8rem; }}
.steps ul li {{ display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 .25rem; }}
.steps b {{ margin-left: auto; font-variant-numeric: tabular-nums; }}
.figure {{ margin: 0 0 .35rem; font-size: 1.5rem; font-weight: 650; font-variant-numeric: tabular-nums; }}
.scrolling {{ overflow-x: auto; margin: .5rem 0; }}
table {{ border-collapse: collapse; width: 100%; font-size: .9rem; }}
th, td {{ padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: top; }}
th {{ color: var(--muted); font-weight: 500; white-space: nowrap; }}
.number {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
.whole {{ white-space: nowrap; }}
.scrolling table {{ min-width: 36rem; }}
code {{ font: .875em/1.4 ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace; }}
.commands dt {{ margin-top: .75rem; overflow-wrap: anywhere; }}
.commands dd {{ margin: 0; color: var(--muted); font-size: .9rem; }}
.chart {{ margin: 1rem 0; overflow-x: auto; }}
figcaption {{ margin-bottom: .5rem; font-weight: 600; }}
.beside {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 0 2rem; align-items: start; }}
.beside > * {{ min-width: 0; }}
.chart svg {{ display: block; width: 100%; max-width: 38rem; min-width: 22rem; height: auto; }}
.chart text {{ font-size: 14px; }}
.chart text:not([fill]) {{ fill: currentColor; }}
.chart .value {{ font-weight: 650; font-variant-numeric: tabular-nums; }}
.chart .axis {{ font-size: 12px; fill: var(--muted); }}
.chart svg.wide {{ max-width: 52rem; min-width: 34rem; }}
.heat {{ margin: 1rem 0; }}
.heat .scrolling table {{ min-width: 0; width: auto; font-variant-numeric: tabular-nums; }}
.heat th, .heat td {{ padding: .3rem .45rem; text-align: right; white-space: nowrap; border: 1px solid var(--paper); color: var(--ink); }}
.heat thead th {{ color: var(--muted); }}
.heat th:first-child {{ position: sticky; left: 0; background: var(--paper); text-align: left; }}
.heat .open {{ border-color: var(--rule); }}
{chr(10).join(rules())}
summary {{ cursor: pointer; color: #174f86; font-size: .925rem; }}
footer {{ padding-bottom: 3rem; color: var(--muted); font-size: .875rem; }}
@media (min-width: 64rem) {{
  .steps > li:not(:last-child)::after {{ content: "→"; position: absolute; right: -.95rem; top: 2rem; color: var(--mark); }}
}}
@media (max-width: 40rem) {{
  section {{ padding: 1rem; border-radius: 0; margin-left: -1rem; margin-right: -1rem; border-left: 0; border-right: 0; }}
  h1 {{ font-size: 1.5rem; }}
  .steps {{ grid-template-columns: 1fr 1fr; }}
}}
@media print {{
  body {{ background: var(--paper); font-size: 11pt; }}
  .languages, nav {{ display: none; }}
  section {{ border: 0; padding: 0; break-inside: auto; }}
  figure, tr, .steps > li {{ break-inside: avoid; }}
  h2, h3 {{ break-after: avoid; }}
  .chart svg, .chart svg.wide {{ min-width: 0; max-width: 16cm; }}
  .heat td {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
  .steps {{ grid-template-columns: repeat(3, 1fr); }}
  .scrolling, .chart {{ overflow: visible; }}
}}
"""

# The page stands in English, or in Chinese where the reader's browser speaks it. Without scripts, it is English.
SCRIPT = 'if ((navigator.language || "").startsWith("zh")) document.getElementById("language-zh").checked = true;'
