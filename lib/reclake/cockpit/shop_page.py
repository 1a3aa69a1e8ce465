"""The page of one customer's shop: home, a product page, the cart, what is due again, with names and reasons."""

from __future__ import annotations

from pathlib import Path

from reclake.look.lake import Look
from reclake.look.offers import Offer, ShopList
from reclake.look.shop import Shop
from reclake.pages.page import Page, Shown, write
from reclake.pages.panels import Panel, Sentence, Table
from reclake.pages.texts import Text, plain
from reclake.pages.values import Code, Money, Value
from reclake.tables import models

TITLE = Text("One customer's shop", "一位顾客眼中的商城")
LEAD = Text(
    "What customer {customer_id} is shown where, and why. A reason stands only where it is true.",
    "顾客 {customer_id} 在各处看到的商品及原因；只有属实的原因才会写出。",
)
NAMES = (
    Text("Rank", "名次"),
    Text("Product", "商品"),
    Text("Why", "原因"),  # beside the product, so that a narrow screen shows it
    Text("Price", "价格"),
    Text("Category", "类别"),
    Text("Given by", "来源"),
)
EMPTY = Text(
    "Nothing is shown here: the list is not for this customer on this day, or no product fits its rules.",
    "此处不展示商品：该列表当日不面向这位顾客，或没有符合规则的商品。",
)
ABOUT = Text("About: {names}", "对应商品：{names}")
# Names of the shipped scenarios, in the order of the page; another one is called by its own and comes after them.
SCENARIOS = {
    "home": Text("Home", "首页"),
    "account_page": Text("Own page", "个人主页"),
    "item_page": Text("Product page", "商品页"),
    "cart": Text("Cart", "购物车"),
    "repurchase": Text("Due again", "该补货了"),
    "win_back": Text("Message to come back", "召回消息"),
}
BLOCKS = {"substitutes": Text("instead of it", "可替代"), "complements": Text("goes with it", "可搭配")}
TASTE = Text("taste", "口味模型")  # of whatever model
STRATEGIES = {
    "seen_together": Text("seen together", "常一起看"),
    "bought_together": Text("bought together", "常一起买"),
    "bought_with_basket": Text("bought with all of it", "整篮常购"),
    "seen_next": Text("seen next", "接着看"),
    "bought_next": Text("bought next", "接着买"),
    "due_again": Text("due again", "到期补货"),
    "popular": Text("popular", "热门"),
    "popular_in_category": Text("popular in the category", "品类热门"),
    "popular_in_last_category": Text("popular in the last category", "最近浏览品类热门"),
    "popular_in_last_7_days": Text("popular in the last 7 days", "近7天热门"),
    "popular_in_tier": Text("popular among such customers", "同层热门"),
    "popular_in_channel": Text("popular on the channel", "渠道热门"),
}


def shop_page(shop: Shop, shown: Shown) -> Page:
    """The whole page."""
    order = {name: place for place, name in enumerate(SCENARIOS)}
    lists = sorted(shop.lists, key=lambda one: order.get(one.scenario, len(order)))
    panels = tuple(_panel(n, one) for n, one in enumerate(lists, start=1))
    return Page(TITLE, LEAD.filled(customer_id=shop.customer_id), shown, panels)


def write_shop(look: Look, shop: Shop, to: Path | None, *, mode: int = 0o600) -> Path:
    """Write the page: to the place named, else to shop.html beside the lake. By default its owner alone reads it."""
    root = look.reader.root
    path = to or (look.home if "://" in root else Path(root).parent) / "shop.html"
    shown = Shown(root, look.reader.manifest_id, shop.as_of, None, look.clock())
    write(shop_page(shop, shown), path, mode=mode)
    return path


def _panel(n: int, one: ShopList) -> Panel:
    name = SCENARIOS.get(one.scenario) or Text(one.scenario, one.scenario)
    title = name
    if block := BLOCKS.get(one.block):
        title = Text(f"{name.en}: {block.en}", f"{name.zh}：{block.zh}")
    elif one.block != "list":
        title = Text(f"{name.en}: {one.block}", f"{name.zh}：{one.block}")
    sentences = (ABOUT.filled(names=" + ".join(one.about)),) if one.about else ()
    part = Table(NAMES, tuple(_row(offer) for offer in one.offers)) if one.offers else Sentence(EMPTY)
    return Panel(f"list-{n}", title, sentences, (part,))


def _row(offer: Offer) -> tuple[Value, ...]:
    why: Value = None
    if offer.reason_en and offer.reason_zh:
        why = plain(offer.reason_en, offer.reason_zh)
    price = Money(offer.price_amount, offer.currency) if offer.price_amount is not None and offer.currency else None
    given: Value = TASTE if offer.strategy in models.BY_NAME else STRATEGIES.get(offer.strategy or "") or offer.strategy
    return offer.rank, offer.product_name or Code(offer.product_id), why, price, offer.category, given
