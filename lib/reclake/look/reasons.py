"""Whether each fact that a list states is true: row by row against the tables that it rests on, by SQL of its own."""

from __future__ import annotations

from datetime import date

from reclake.recommend.scenarios.definition import MOST_POPULAR
from reclake.tables import Table, gold, silver

from .reader import Reader, Row

# What a row of each table shows to whom, and whether its evidence is a product that the list is made for.
_SHOWN = {
    gold.RECOMMENDATIONS.name: ("customer_id", "product_id", "true"),
    gold.PRODUCT_RECOMMENDATIONS.name: ("NULL", "recommended_product_id", "evidence_product_id = product_id"),
    gold.BASKET_RECOMMENDATIONS.name: (
        "NULL",
        "product_id",
        "list_contains(from_json(basket, '[\"VARCHAR\"]'), evidence_product_id)",
    ),
}
_OWN = """
own AS (
    SELECT DISTINCT i.customer_id, t.product_id, t.kind FROM touched AS t JOIN identities AS i USING (account_id)
    WHERE t.event_date < $1 AND i.valid_from < $1 AND (i.valid_to IS NULL OR i.valid_to >= $1)
),
baskets AS (SELECT DISTINCT source, coalesce(order_scope, channel, '') AS scope, order_id, product_id FROM lines WHERE event_date < $1),
pairs AS (SELECT DISTINCT evidence_product_id AS one, product_id AS other FROM shown WHERE reason = 'goes_with'),
together AS (
    SELECT p.one, p.other, count(*) AS n FROM pairs AS p JOIN baskets AS a ON a.product_id = p.one
    JOIN baskets AS b ON b.product_id = p.other AND (a.source, a.scope, a.order_id) = (b.source, b.scope, b.order_id) GROUP BY ALL
)"""
_HOLDS = """
CASE r.reason
    WHEN 'goes_with' THEN
        r.is_of_the_list AND (
            r.customer_id IS NULL
            OR EXISTS (FROM own AS o WHERE o.customer_id = r.customer_id AND o.product_id = r.evidence_product_id AND o.kind = 'purchase')
        )
        AND EXISTS (FROM together AS t WHERE t.one = r.evidence_product_id AND t.other = r.product_id AND t.n >= $2)
        AND EXISTS (
            FROM relations AS x WHERE x.as_of_date = $1 AND x.relation = 'bought_together' AND x.product_id = r.evidence_product_id
            AND x.related_product_id = r.product_id AND x.n_together >= $2 AND x.lift >= $3
        )
    WHEN 'popular_in' THEN EXISTS (
        FROM popular AS p JOIN products AS q ON q.product_id = p.product_id AND q.category = p.value
        WHERE p.as_of_date = $1 AND p.scope = 'category' AND p.kind = 'decayed' AND p.rank <= $4 AND p.product_id = r.product_id
        AND q.valid_from < $1 AND (q.valid_to IS NULL OR q.valid_to >= $1)
    )
    WHEN 'due' THEN EXISTS (
        FROM due AS d WHERE d.as_of_date = $1 AND d.customer_id = r.customer_id AND d.product_id = r.product_id AND d.is_due
    ) AND EXISTS (FROM own AS o WHERE o.customer_id = r.customer_id AND o.product_id = r.product_id AND o.kind = 'purchase')
    ELSE
        CASE r.reason
            WHEN 'seen_with' THEN r.customer_id IS NULL AND r.is_of_the_list
            ELSE EXISTS (
                FROM own AS o WHERE o.customer_id = r.customer_id AND o.product_id = r.evidence_product_id
                AND o.kind = CASE r.reason WHEN 'bought' THEN 'purchase' WHEN 'looked_at' THEN 'view' END
            )
        END
        AND EXISTS (
            FROM relations AS x WHERE x.as_of_date = $1 AND x.relation = r.evidence_relation
            AND x.product_id = r.evidence_product_id AND x.related_product_id = r.product_id
        )
END"""
_COLUMNS = {"as_of_date", "scenario", "product_id", "reason", "evidence_relation", "evidence_product_id"}
_FURTHER = {
    gold.RECOMMENDATIONS.name: "customer_id",
    gold.PRODUCT_RECOMMENDATIONS.name: "recommended_product_id",
    gold.BASKET_RECOMMENDATIONS.name: "basket",
}


def stated_facts(reader: Reader, table: Table, *, as_of: date, min_together: int, min_lift: float) -> list[Row]:
    """A row per scenario and fact of a table of lists: scenario, reason (None where none is stated), n_rows, n_false.

    Parameters
    ----------
    table
        gold.recommendations, gold.product_recommendations or gold.basket_recommendations.
    min_together, min_lift
        The floors of "goes with": recommendations.min_together and min_lift. Orders are counted again from silver.order_lines, of
        all people, which can only be more.
    """
    customer, product, of_the_list = _SHOWN[table.name]
    shown = (
        f"SELECT scenario, {customer}::VARCHAR AS customer_id, {product} AS product_id, reason, evidence_relation, "
        f"evidence_product_id, {of_the_list} AS is_of_the_list FROM rows WHERE as_of_date = $1"
    )
    sql = (
        f"WITH shown AS ({shown}), {_OWN} SELECT r.scenario, r.reason, count(*), "
        f"count(*) FILTER (r.reason IS NOT NULL AND NOT coalesce({_HOLDS}, false)) "
        "FROM shown AS r GROUP BY r.scenario, r.reason ORDER BY r.scenario, r.reason NULLS LAST"
    )
    beside = {
        "touched": (silver.INTERACTIONS, ("event_date", "account_id", "product_id", "kind")),
        "identities": (silver.IDENTITIES, ("account_id", "customer_id", "valid_from", "valid_to")),
        "lines": (silver.ORDER_LINES, ("event_date", "source", "order_scope", "channel", "order_id", "product_id")),
        "relations": (
            gold.PRODUCT_RELATIONS,
            ("as_of_date", "relation", "product_id", "related_product_id", "n_together", "lift"),
        ),
        "popular": (gold.POPULAR_PRODUCTS, ("as_of_date", "scope", "value", "kind", "rank", "product_id")),
        "products": (silver.PRODUCTS, ("product_id", "category", "valid_from", "valid_to")),
        "due": (gold.DUE_AGAIN, ("as_of_date", "customer_id", "product_id", "is_due")),
    }
    parameters = [as_of, min_together, min_lift, MOST_POPULAR]
    columns = sorted({*_COLUMNS, _FURTHER[table.name]})
    counts = reader.query(table, sql, columns=columns, parameters=parameters, beside=beside)
    return [dict(zip(("scenario", "reason", "n_rows", "n_false"), row, strict=True)) for row in counts]
