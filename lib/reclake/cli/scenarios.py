"""Commands about the shop's scenarios: which there are, whether their files are right, and what one customer sees."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reclake.errors import UsageError
from reclake.tables import gold

from . import options
from .options import AsOfDay, Chosen, ProfileOption, SetOption, choose
from .printing import prints_listings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Show the shop's scenarios, check their files, and try one.",
)
preview = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="Show the shop as somebody sees it."
)
NameArgument = Annotated[str, typer.Argument(help="The scenario.")]


@app.command("list")
@prints_listings
def list_scenarios(
    chosen: Chosen,
) -> None:
    """List the scenarios: query, chain, and what their rows may state."""
    from reclake.look import scenarios as looked

    known = options.looked(chosen, is_needed=False).scenarios()
    chosen.console.rows("scenarios", looked.listed(known), empty="conf/scenarios holds no scenario.")


@app.command("check")
def check(
    name: Annotated[str | None, typer.Argument(help="The scenario; without one all are checked.")] = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
) -> None:
    """Check the files of scenarios: whatever is unknown or contradicts itself is shown with its file and key."""
    chosen = choose(profile, overrides)
    known = options.looked(chosen, is_needed=False).scenarios(*([name] if name else []))
    chosen.console.say(f"{len(known)} scenarios can be used: {', '.join(known)}")


@app.command("preview")
@prints_listings
def preview_scenario(
    chosen: Chosen,
    name: NameArgument,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="The customer, of a scenario of customers.")
    ] = None,
    product: Annotated[
        list[str] | None, typer.Option("--product", metavar="ID", help="The product; of a basket repeated for each one in it.")
    ] = None,
    as_of: AsOfDay = None,
) -> None:
    """Print one list of a scenario, with reasons and the links that gave its rows."""
    from reclake.look import scenarios as looked
    from reclake.look import shop
    from reclake.look.as_ofs import as_of_of
    from reclake.look.carts import basket_list

    look = options.looked(chosen)
    (scenario,) = look.scenarios(name).values()
    wanted = "--customer" if scenario.is_of_customers else "--product"
    if (customer is None) if scenario.is_of_customers else (not product):
        raise UsageError(f"{name} asks for a {scenario.query}", f"no {wanted}", f"write {wanted} ID")
    products = list(dict.fromkeys(product or []))
    if scenario.query == "product" and len(products) > 1:
        raise UsageError(f"{name} asks for one product", f"{len(products)} were given", "write --product once")
    reader = look.reader
    table = shop.TABLES.get(scenario.query, gold.RECOMMENDATIONS)
    day = as_of_of(reader, table, as_of and as_of.date())
    shop.require_lists(reader, table, name, as_of=day)
    if scenario.is_of_customers:
        shop.require_customer(reader, customer or "", as_of=day)
        lists = [shop.customer_list(reader, name, customer or "", as_of=day)]
    else:
        shop.require_products(reader, products)
        if scenario.query == "product":
            lists = shop.product_lists(reader, name, products[0], scenario, as_of=day)
        else:
            lists = [basket_list(reader, name, products, scenario, as_of=day)]
    for one in lists:
        empty = "Nothing is shown: the list is not for this customer on this day, or no product fits its rules."
        if not scenario.is_of_customers:
            empty = "Nothing is shown: no product fits the rules of this list."
        chosen.console.rows(f"{looked.title_of(one)}, as_of_date {day}", looked.as_rows(one), empty=empty)


@preview.command("customer")
def preview_customer(
    customer: Annotated[str, typer.Argument(help="The customer's id.")],
    to: Annotated[Path | None, typer.Option("--to", help="The page; by default shop.html beside the lake.")] = None,
    as_of: AsOfDay = None,
    profile: ProfileOption = "local",
    overrides: SetOption = None,
) -> None:
    """Print one customer's shop: home, a product page, the cart and what is due again, with reasons; and write it as a page."""
    from reclake.cockpit.shop_page import write_shop
    from reclake.look import scenarios as looked
    from reclake.look import shop
    from reclake.look.as_ofs import as_of_of

    chosen = choose(profile, overrides)
    look = options.looked(chosen)
    day = as_of_of(look.reader, gold.RECOMMENDATIONS, as_of and as_of.date())
    seen = shop.shop_of(look.reader, look.scenarios(), customer, as_of=day)
    for one in seen.lists:
        chosen.console.rows(
            looked.title_of(one), looked.as_rows(one), empty=f"{looked.title_of(one)}: nothing is shown to this customer."
        )
    path = write_shop(look, seen, to)
    chosen.console.say(f"The same as a page: {path}")
