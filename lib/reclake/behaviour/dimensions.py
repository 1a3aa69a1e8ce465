"""By what figures may be broken down: one registry of names and meanings, which needs no Spark.

How a value is computed stands in `dimension_values`, under the same name. A test holds the two to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LOGGED_IN, ANONYMOUS = "logged_in", "anonymous"
NEW, RETURNING = "new", "returning"
ALL, NOT_KNOWN = "all", "unknown"  # in tables of figures: the breakdown that is none, and a value that is not known
NONE = "(none)"  # stands in tables for a value that is not known, or does not apply


class Of(StrEnum):
    """What a value belongs to, and so when it changes."""

    EVENT = "event"  # to an event or an order, at its own moment
    CUSTOMER = "customer"  # to the customer, as known at the as_of
    PRODUCT = "product"  # to the product that the event or order line names, as known at the as_of


class Needs(StrEnum):
    """What a value is made of beside what every row of histories holds."""

    NOTHING = "nothing"
    CLIENT = "client"  # how the client of the event names itself
    CUSTOMER = "customer"  # what is known of the customer
    PRODUCT = "product"  # what is known of the product


@dataclass(frozen=True, slots=True)
class Dimension:
    """A breakdown: its name in tables, its meaning in both languages, and what its values belong to."""

    name: str
    english: str
    chinese: str
    of: Of
    needs: Needs = Needs.NOTHING
    decides: tuple[str, ...] = ()  # dimensions whose value follows from its own


DIMENSIONS = (
    Dimension("day", "Business day.", "业务日期", Of.EVENT, decides=("week", "month", "weekday")),
    Dimension("week", "Week from Monday, by its first day.", "周（以周一的日期表示）", Of.EVENT),
    Dimension("month", "Calendar month, by its first day.", "月份（以第一天的日期表示）", Of.EVENT),
    Dimension("weekday", "Day of the week.", "星期", Of.EVENT),
    Dimension("hour", "Hour of the business's clock, 00 to 23.", "时段（00 至 23 时）", Of.EVENT),
    Dimension("channel", "Channel of the event or order.", "渠道", Of.EVENT),
    Dimension("source", "Source that delivered it.", "数据来源", Of.EVENT),
    Dimension("kind", "Kind of the event; order: an order line that sells.", "事件类型（order 为订单行）", Of.EVENT),
    Dimension("login", "Whether somebody was logged in; no value for orders.", "登录状态（订单无此值）", Of.EVENT),
    Dimension("device_kind", "Phone, tablet or desktop, by how the client names itself.", "设备类型", Of.EVENT, Needs.CLIENT),
    Dimension(
        "customer_kind",
        "New up to and on the day of the customer's first order, returning after it.",
        "新客（首单当日及之前）或老客（首单之后）",
        Of.EVENT,
        Needs.CUSTOMER,
    ),
    Dimension("tier", "Tier at the as_of.", "客户等级", Of.CUSTOMER, Needs.CUSTOMER),
    Dimension("segment", "RFM segment at the as_of.", "RFM 分群", Of.CUSTOMER, Needs.CUSTOMER, decides=("rfm_tier",)),
    Dimension("rfm_tier", "Tier that the RFM segment alone would give.", "RFM 分群对应的等级", Of.CUSTOMER, Needs.CUSTOMER),
    Dimension("recency_score", "Recency score, 1 to 5; no value without an order.", "最近购买得分", Of.CUSTOMER, Needs.CUSTOMER),
    Dimension(
        "frequency_score", "Frequency score, 1 to 5; no value without an order.", "购买频次得分", Of.CUSTOMER, Needs.CUSTOMER
    ),
    Dimension(
        "monetary_score", "Monetary score, 1 to 5; no value without an order.", "消费金额得分", Of.CUSTOMER, Needs.CUSTOMER
    ),
    Dimension(
        "order_band", "Orders of the customer so far: 0, 1, 2-3, 4-9 or 10+.", "累计订单数区间", Of.CUSTOMER, Needs.CUSTOMER
    ),
    Dimension("region", "Region that an account of the customer stated last.", "地区", Of.CUSTOMER, Needs.CUSTOMER),
    Dimension("gender", "Gender that an account of the customer stated last.", "性别", Of.CUSTOMER, Needs.CUSTOMER),
    Dimension(
        "age_band",
        "Age, in bands of adults; no value of anybody who may be younger.",
        "年龄段（仅成年人）",
        Of.CUSTOMER,
        Needs.CUSTOMER,
    ),
    Dimension("member_since", "Year in which the customer's first account was opened.", "注册年份", Of.CUSTOMER, Needs.CUSTOMER),
    Dimension("product_id", "Product.", "商品", Of.PRODUCT, decides=("category", "brand", "price_band")),
    Dimension("category", "Category of the product.", "品类", Of.PRODUCT, Needs.PRODUCT),
    Dimension("brand", "Brand of the product; no value where no catalogue states one.", "品牌", Of.PRODUCT, Needs.PRODUCT),
    Dimension(
        "price_band", "List price of the product, in bands of the powers of ten: 1, 2, 5.", "价格带", Of.PRODUCT, Needs.PRODUCT
    ),
)
BY_NAME = {one.name: one for one in DIMENSIONS}


def require_apart(names: Sequence[str]) -> None:
    """Refuse breakdowns of one figure of which one decides another: a small group would be the difference of two larger ones.

    Raises
    ------
    ValueError
        Naming a dimension that stands twice, or two of which one follows from the other.
    """
    for n, name in enumerate(names):
        if name in names[:n]:
            raise ValueError(f"{name} stands twice")
        if follows := next((other for other in BY_NAME[name].decides if other in names), ""):
            raise ValueError(
                f"{follows} follows from {name}: a small group would be the difference of larger ones; name one of them"
            )
