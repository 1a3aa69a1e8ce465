"""Random histories of orders, and plain Python that counts them: the oracle of the tables of sales."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from random import Random

AS_OF = date(2026, 3, 10)
KINDS = ("product", "product", "product", "service", "shipping", "voucher")
CATEGORIES = {"p1": "tea", "p2": "tea", "p3": "soap", "p4": None}
# Account → customer; "silent" may not be profiled, "stray" is resolved to nobody.
CUSTOMERS = {**{f"a{n}": f"c{n // 2}" for n in range(40)}, "silent1": "s1", "silent2": "s2"}


def lines(seed, n=160, n_days=55):
    """Lines with several accounts per customer, guests, orders over midnight, two currencies, returns, vouchers."""
    random, found = Random(seed), []
    for number in range(n):
        account = random.choice([*CUSTOMERS, "stray", None])
        order_id, scope = f"o{random.randrange(n // 2)}", random.choice(("web", "pos"))
        kind, is_return = random.choice(KINDS), random.random() < 0.15
        amount = Decimal(random.randrange(1, 900)) / 100 * (-1 if (kind == "voucher") != is_return else 1)
        at = datetime(2026, 3, 16) - timedelta(minutes=random.randrange(60 * 24 * n_days))
        found.append({
            "account_id": account, "order_id": order_id, "source": random.choice(("demo", "other")), "order_scope": scope,
            "channel": scope, "line_kind": kind, "product_id": random.choice([*CATEGORIES]) if kind == "product" else None,
            "event_date": at.date(), "ordered_at": at, "quantity": -1 if is_return else 1, "line_amount": amount,
            "currency": random.choice(("CNY", "CNY", "EUR")), "is_return": is_return, "file_digest": "f", "position": number,
        })  # fmt: skip
    return [line for line in found if line["event_date"] < AS_OF]


def is_sale(line):
    return (
        not line["is_return"] and line["quantity"] > 0 and line["line_amount"] > 0 and line["line_kind"] in ("product", "service")
    )


def buyer(line):
    account = line["account_id"]
    if account is None:
        return ("guest", *order_of(line))
    return CUSTOMERS.get(account, account)


def is_profiled(line):
    return (line["account_id"] or "").startswith("a")


def order_of(line):
    return line["source"], line["order_scope"], line["order_id"]


def _by(rows, key):
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def start_of(day, period):
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[period]


def is_over(start, period):
    """Whether the as_of lies after the last day of the period."""
    last = {
        "day": start,
        "week": start + timedelta(days=6),
        "month": (start + timedelta(days=31)).replace(day=1) - timedelta(days=1),
    }
    return last[period] < AS_OF


def entries(history):
    """What counts on which day: (buyer, line, day, order's channel, kind of customer, is_sale, revenue, returned)."""
    orders = _by(history, lambda line: (buyer(line), *order_of(line)))
    sold_on = {key: min((line["event_date"] for line in of if is_sale(line)), default=None) for key, of in orders.items()}
    first = {}
    for key, day in sold_on.items():
        if day:
            first[key[0]] = min(day, first.get(key[0], day))
    for key, of in orders.items():
        channel = min(line["channel"] for line in of)
        for line in of:
            extra = line["line_kind"] not in ("product", "service") and not line["is_return"]
            if line["is_return"]:
                day = line["event_date"]
            elif sold_on[key] and (is_sale(line) or extra):
                day = sold_on[key]
            else:
                continue
            after = key[0] in first and day > first[key[0]]
            kind = "not_profiled" if not is_profiled(line) else "returning" if after else "new"
            yield key, line, day, channel, kind


def sales(history, *, shown_days, least):
    """Whole rows of gold.sales as dicts."""
    since, rows = AS_OF - timedelta(days=shown_days), []
    cells = defaultdict(list)
    for key, line, day, channel, kind in entries(history):
        for period in ("day", "week", "month"):
            start = start_of(day, period)
            if start >= since:
                named = CATEGORIES.get(line["product_id"]) or "(none)"
                for category in ("(all)", named):
                    cells[period, start, line["currency"], category == "(all)", channel, category, kind].append((key, line))
    for within, of in _by(cells, lambda cell: cell[:4]).items():
        rows += [_row(within, dims, taken) for dims, taken in joined({cell[4:]: cells[cell] for cell in of}, least).items()]
    return [row for row in rows if row]


def joined(groups, least):
    """Group → members, with small groups under others; none where all are too few."""

    def people(members):
        return len({key[0] for key, _ in members})

    alone = {dims: members for dims, members in groups.items() if people(members) >= least}
    rest = [member for dims, members in groups.items() if dims not in alone for member in members]
    if rest and people(rest) < least:
        if not alone:
            return {}
        smallest = min(alone, key=lambda dims: (people(alone[dims]), dims))
        rest += alone.pop(smallest)
    return alone | ({("(others)",) * len(next(iter(groups))): rest} if rest else {})


def _row(within, dims, members):
    period, start, currency, is_whole = within
    lines_of = [line for _, line in members]
    ordered = {key for key, line in members if is_sale(line)}
    if is_whole:
        n_orders = len(ordered)
    else:
        # Counted once per category, or once where categories are joined.
        shown = {
            (key, "" if dims[1] == "(others)" else CATEGORIES.get(line["product_id"]) or "(none)")
            for key, line in members
            if is_sale(line)
        }
        n_orders = len(shown)
    return {
        "as_of_date": AS_OF, "period": period, "start_date": start, "is_open": not is_over(start, period), "currency": currency,
        "channel": dims[0], "category": "(all)" if is_whole else dims[1], "customer_kind": dims[2],
        "n_orders": n_orders, "n_lines": sum(is_sale(line) for line in lines_of),
        "revenue_amount": sum((line["line_amount"] for line in lines_of if not line["is_return"]), Decimal(0)),
        "n_returns": sum(line["is_return"] for line in lines_of),
        "return_amount": sum((line["line_amount"] for line in lines_of if line["is_return"]), Decimal(0)),
        "n_customers": len({key[0] for key in ordered if key[0][0] != "guest"}),
        "n_guest_orders": len({key for key in ordered if key[0][0] == "guest"}),
    }  # fmt: skip


def first_orders(history, *, shown_days, least):
    """Whole rows of gold.first_orders as dicts."""
    orders = _by(
        [line for line in history if is_profiled(line) and is_sale(line)],
        lambda line: (CUSTOMERS[line["account_id"]], *order_of(line)),
    )
    placed = [
        (
            key[0],
            min(line["event_date"] for line in of),
            min(line["ordered_at"] for line in of),
            key[1:],
            min(line["channel"] for line in of),
        )
        for key, of in orders.items()
    ]
    months = defaultdict(lambda: defaultdict(list))
    for customer, of in groupby(sorted(placed), key=lambda order: order[0]):
        (_, day, _, _, channel), *others = of
        second = min((other[1] for other in others if other[1] > day), default=None)
        if day.replace(day=1) >= AS_OF - timedelta(days=shown_days):
            months[day.replace(day=1)][channel,].append(((customer,), (day, second)))
    rows = []
    for month, channels in months.items():
        for (channel,), members in joined(channels, least).items():
            row = {"as_of_date": AS_OF, "month_date": month, "channel": channel, "n_customers": len(members)}
            for days in (30, 60, 90):
                again = [second is not None and (second - day).days <= days for _, (day, second) in members]
                mature = [day + timedelta(days=days) < AS_OF for _, (day, _) in members]
                row[f"n_repeat_{days}"] = sum(again)
                row[f"n_open_{days}"] = sum(not a and not m for a, m in zip(again, mature, strict=True))
                row[f"n_mature_{days}"] = sum(mature)
                n = sum(a and m for a, m in zip(again, mature, strict=True))
                row[f"repeat_{days}_share"] = n / sum(mature) if any(mature) else None
            rows.append(row)
    return rows


def customer_products(history, *, n):
    """Whole rows of gold.customer_products as dicts."""
    sold = [line for line in history if is_profiled(line) and is_sale(line) and line["product_id"]]
    rows = []
    for customer, of in _by(sold, lambda line: CUSTOMERS[line["account_id"]]).items():
        ranked = []
        for product, lines_of in _by(of, lambda line: line["product_id"]).items():
            n_orders, last = len({order_of(line) for line in lines_of}), max(line["event_date"] for line in lines_of)
            n_pieces = sum(line["quantity"] for line in lines_of)
            ranked.append((-n_orders, -n_pieces, -last.toordinal(), product))
        for rank, (n_orders, n_pieces, last, product) in enumerate(sorted(ranked)[:n], start=1):
            rows.append({
                "as_of_date": AS_OF, "customer_id": customer, "rank": rank, "product_id": product,
                "n_orders": -n_orders, "n_pieces": -n_pieces, "last_order_date": date.fromordinal(-last),
            })  # fmt: skip
    return rows
