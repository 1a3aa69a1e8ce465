"""What `reclake demo` ends with: its page, and the lines that a newcomer reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from reclake import tables
from reclake.look.lake import Look
from reclake.look.listings import Rows
from reclake.look.rejected import rejected
from reclake.look.shop import shop_of
from reclake.pages.page import Shown, write
from reclake.pages.texts import Text
from reclake.pages.values import people, written

from .behaviour_report import page_path as page_path_of
from .behaviour_report import write_behaviour
from .behaviour_span import as_ofs
from .customers_figures import read_customers
from .customers_page import customers_page
from .demo_customer import named, why
from .demo_figures import Customer, Figures, read_figures
from .demo_page import PageInputs, demo_page, spend_of
from .shop_page import write_shop

_PLACE = ".venv/jobs/bin/"  # of the command, as `make install` leaves it
_N_REFUSED = 12


@dataclass(frozen=True, slots=True)
class Ending:
    """What the command ends with: listings by title, then lines."""

    listings: dict[str, Rows]
    lines: tuple[str, ...]


def ending(look: Look) -> Ending:
    """The page, put beside the lake, and the listings that stand on it as well."""
    figures = read_figures(look.reader)
    commands = _next(figures)
    path = page_path(look)
    days = sorted({day for table in tables.bronze.TABLES if table.day_column for day in look.lake.ledger.ever(table)})
    listing = rejected(look, limit=_N_REFUSED)
    shown = Shown(
        lake=look.reader.root,
        manifest_id=look.reader.manifest_id,
        as_of=max(figures.as_ofs, default=None),
        newest_delivery=date.fromisoformat(days[-1]) if days else None,
        made_at=look.clock(),
    )
    at_least, mode = look.settings.privacy.min_group_size, 0o666 & ~int(look.settings.files.umask, 8)
    customers = customers_page(read_customers(look.reader), shown, min_group_size=at_least)
    write(customers, path.with_name("customers.html"), mode=mode)
    write(
        demo_page(
            figures,
            PageInputs(
                shown=shown,
                n_days=len(days),
                newest_days={table.name: _newest_day(look, table) for table in tables.GATED},
                refused=listing.rows,
                n_more_refused=listing.n_more,
                min_group_size=at_least,
                commands=commands,
            ),
        ),
        path,
        mode=mode,
    )
    pages = [path, path.with_name("customers.html")]
    if as_ofs(look.reader):
        pages.append(page_path_of(look, "behaviour"))
        write_behaviour(look, pages[-1])
    listings = {"customers by tier": _tiers(figures, at_least)}
    has_list = figures.customer is not None and bool(figures.customer.recommended)
    if figures.customer and has_list:
        title = f"recommended to {figures.customer.customer_id}, the customer with the most orders"
        listings[title] = _list_of(figures.customer)
    tries = (f"  {_PLACE}{command}" for command, _ in commands)
    if has_list:
        pages.append(_shop(look, figures.customer, as_of=figures.as_ofs[-1], mode=mode))
    opened = (f"  {page}" for page in pages)
    return Ending(listings, ("Open these pages in a browser:", *opened, "Try next:", *tries))


def _shop(look: Look, customer: Customer | None, *, as_of: date, mode: int) -> Path:
    """The page of the customer's shop, put beside the others: of a made-up company only."""
    shop = shop_of(look.reader, look.scenarios(), customer.customer_id if customer else "", as_of=as_of)
    return write_shop(look, shop, page_path(look).with_name("shop.html"), mode=mode)


def page_path(look: Look) -> Path:
    """Where the demo's page lies."""
    return page_path_of(look, "demo")


def _newest_day(look: Look, table: tables.Table) -> date | None:
    """The newest day of the table; None for one without days."""
    days = look.lake.ledger.days(table)
    return date.fromisoformat(max(days)) if table.day_column and days else None


def _next(figures: Figures) -> tuple[tuple[str, Text], ...]:
    commands = [
        ("reclake status", Text("what is built, and what waits", "已构建与待处理的内容")),
        ("reclake rejected", Text("what was not kept, and why", "未保留的记录及原因")),
    ]
    if figures.as_ofs:
        where = f"--where tier=high_value --where as_of_date={figures.as_ofs[-1]}"
        commands.append((
            f"reclake show gold.customer_segments {where}",
            Text("the best customers of the newest day", "最新一天的高价值客户"),
        ))
    if figures.customer and figures.customer.recommended:
        commands.append((
            f"reclake preview customer {figures.customer.customer_id}",
            Text("what this customer is shown where, and why; also as shop.html", "该顾客在各处看到的商品及原因；另见 shop.html"),
        ))
    commands.append(("reclake history gold.customer_segments", Text("which run made what is shown", "当前数据由哪次运行生成")))
    return tuple(commands)


def _tiers(figures: Figures, at_least: int) -> Rows:
    if not figures.tiers:
        return []
    newest = figures.tiers[figures.as_ofs[-1]]
    return [
        {
            "tier": name,
            "customers": n if isinstance(n := people(tier.n_customers, at_least=at_least), int) else written(n),
            "spend": spend_of(tier, at_least) or "",
        }
        for name, tier in sorted(newest.items(), key=lambda pair: (-pair[1].n_customers, pair[0]))
    ]


def _list_of(customer: Customer) -> Rows:
    reasons = ((one, why(one)) for one in customer.recommended)
    return [
        {
            "rank": one.rank,
            "product": named(customer, one.product_id),
            "category": customer.products.get(one.product_id, ("", ""))[1] or "",
            "why": reason.of("en") if isinstance(reason, Text) else reason,
        }
        for one, reason in reasons
    ]
