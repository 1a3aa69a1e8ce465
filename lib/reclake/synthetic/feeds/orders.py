"""Order lines: online as JSON lines, tills as CSV with names of their own."""

from collections.abc import Callable, Iterator

from reclake.synthetic.calendar import MINUTE, Calendar
from reclake.synthetic.draws import Draws
from reclake.synthetic.facts import Order, World
from reclake.synthetic.record import Body, Record, Shape, csv_line

from .feed import Feed, Slot, received

_TILL_COLUMNS = (
    "receipt_no", "line", "sold_at", "shop", "member_no", "article", "description", "pieces", "unit_price", "total", "ccy",
    "is_return", "uploaded_at",
)  # fmt: skip
TILL_HEADER = csv_line(_TILL_COLUMNS)


def _online_transport(calendar: Calendar, at: int) -> Body:
    return {
        "sent_at": calendar.with_offset(at - 20),
        "received_at": calendar.with_offset(at),
        "batch": f"o{calendar.hour(at)}",
    }


def _till_transport(calendar: Calendar, at: int) -> Body:
    return {"uploaded_at": calendar.till(at)}


def _one_more(quantity: str, amount: str, price: str) -> Callable[[Body], Body]:
    """The same line with one piece more."""

    def altered(body: Body) -> Body:
        pieces = body[quantity] + (1 if body[quantity] > 0 else -1)
        return body | {quantity: pieces, amount: round(pieces * body[price], 2)}

    return altered


def _online(channel: str) -> Shape:
    return Shape(
        feed="orders", channel=channel, table="orders", extension="jsonl", transport=_online_transport, id_field="order_no",
        required=("order_no", "ordered_at", "qty", "price"), number_field="price",
        bad_numbers={"negative": -12.5, "text": "十二元"}, time_field="ordered_at", altered=_one_more("qty", "amount", "price"),
    )  # fmt: skip


_SHAPES = {channel: _online(channel) for channel in ("app", "mini_program", "web")}
_TILL = Shape(
    feed="orders", channel="pos", table="orders", extension="csv", transport=_till_transport, id_field="receipt_no",
    required=("receipt_no", "sold_at", "pieces", "unit_price"), number_field="unit_price",
    bad_numbers={"negative": -12.5, "text": "十二元"}, time_field="sold_at", written_time=Calendar.till,
    altered=_one_more("pieces", "total", "unit_price"), header=_TILL_COLUMNS,
)  # fmt: skip


def _records(world: World, slot: Slot) -> Iterator[Record]:
    for order in (*slot.story.orders, *slot.walk_ins):
        draws = Draws(world.settings.seed, "order latency", order.order_id)
        till_upload = order.at + MINUTE + draws.below(4 * MINUTE)
        arrived = till_upload if order.channel == "pos" else received(world, draws, order.at)
        for number in range(len(order.lines)):
            if order.channel == "pos":
                yield Record(_TILL, f"{order.order_id}.{number + 1}", order.at, arrived, _receipt(world, order, number))
            else:
                name = f"{order.order_id}.{number + 1}"
                yield Record(_SHAPES[order.channel], name, order.at, arrived, _item(world, order, number))


def _item(world: World, order: Order, number: int) -> Body:
    line = order.lines[number]
    return {
        "order_no": order.order_id, "line_no": str(number + 1), "ordered_at": world.calendar.with_offset(order.at),
        "channel": order.channel, "buyer": order.buyer, "sku": line.product.product_id, "title": line.product.name,
        "qty": line.quantity, "price": line.price, "amount": line.amount, "ccy": world.settings.currency,
        "returned": order.is_return, "country": "中国",
    }  # fmt: skip


def _receipt(world: World, order: Order, number: int) -> Body:
    line = order.lines[number]
    shop = int(order.order_id[-1], 16) if not order.is_return else 0
    return {
        "receipt_no": order.order_id, "line": number + 1, "sold_at": world.calendar.till(order.at), "shop": f"S{shop:02d}",
        "member_no": order.buyer, "article": line.product.product_id, "description": f"{line.product.name}, 门店",
        "pieces": line.quantity, "unit_price": line.price, "total": line.amount, "ccy": world.settings.currency,
        "is_return": "true" if order.is_return else "false",
    }  # fmt: skip


FEED = Feed("orders", _records)
