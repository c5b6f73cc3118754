"""The owner's reports: sums by day equal what the orders say, whatever happened to them and whoever sums."""

import asyncio
import csv
import dataclasses
import io
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories.catalog import make_product
from factories.delivery import make_order
from factories.identity import signed_in
from factories.trade import Trade
from faded_skies.bootstrap import Application
from faded_skies.domains.orders.service import FIRST_ESTIMATE
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database, Tx
from faded_skies.reports import sales, summing
from faded_skies.reports.days import Span
from faded_skies.reports.summing import SUM, refresh

ZONE = ZoneInfo("America/Chicago")
TOKYO = ZoneInfo("Asia/Tokyo")
URL = "/api/admin/reports"
SPRING, FALL = date(2026, 3, 8), date(2026, 11, 1)
"""Days of 23 and of 25 hours."""

JSON = dict[str, Any]


LOST_CARDS = """
UPDATE payment_intents i SET status = 'failed', decline_code = 'lost_card' FROM order_tracking t
WHERE t.order_id = i.order_id AND t.status = 'payment_failed'
"""
LATER_ATTEMPTS = """
INSERT INTO payment_intents
SELECT (jsonb_populate_record(i, jsonb_build_object(
    'id', gen_random_uuid(), 'external_id', NULL, 'decline_code', 'expired_card', 'created_at', now()
))).* FROM payment_intents i WHERE i.decline_code = 'lost_card'
"""


async def get(trade: Trade, path: str = "", *, as_table: bool = False, **params: str) -> httpx.Response:
    headers = trade.admin.headers | ({"Accept": "text/csv"} if as_table else {})
    today = clock.now().astimezone(ZONE).date()
    asked = {"startDate": (today - timedelta(days=1)).isoformat(), "endDate": today.isoformat()} | params
    answer = await trade.client.get(f"{URL}{path}", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def table(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


async def raw(db: Database, day: date, zone: ZoneInfo) -> JSON | None:
    """Return a day straight from the orders."""
    span = Span(day, day, zone)
    row = await db.fetchrow(SUM, zone.key, day, span.begins, span.ends, FIRST_ESTIMATE)
    return None if row is None else dict(row)


async def check(db: Database, zone: ZoneInfo) -> None:
    """Every day that is summed up is what the orders say, and every order is in one."""
    rows = await db.fetch("SELECT * FROM report_days ORDER BY day")
    assert {row["zone"] for row in rows} <= {zone.key}
    for row in rows:
        assert dict(row) == await raw(db, row["day"], zone)
    assert sum(row["placed"] for row in rows) == await db.fetchval("SELECT count(*) FROM orders")
    sold = await db.fetchval("SELECT coalesce(sum(units), 0) FROM report_products")
    assert sold == sum(row["units"] for row in rows)


async def test_a_busy_day_is_told_to_the_cent(day: Trade) -> None:
    told = (await get(day, "/sales")).json()
    assert told["timeZone"] == "America/Chicago"
    total = told["total"]
    found = await day.db.fetchrow(
        """
        SELECT count(*) AS placed, count(*) FILTER (WHERE status = 'delivered') AS delivered,
               sum(total_cents) FILTER (WHERE status = 'delivered') AS revenue,
               sum(tax_cents) FILTER (WHERE status = 'delivered') AS tax,
               sum(refunded_cents) FILTER (WHERE status = 'delivered') AS refunded FROM orders
        """
    )
    assert found is not None
    assert (total["placed"], total["delivered"]) == (found["placed"], found["delivered"])
    assert (total["returned"], total["cancelled"]) == (1, 2)
    assert round(total["revenue"] * 100) == found["revenue"]
    taxes = sum(round(total[f"tax{kind}"] * 100) for kind in ("State", "Cannabis", "Local"))
    assert taxes == found["tax"]
    assert round(total["refunded"] * 100) == found["refunded"] > 0
    parts = ("goods", "taxState", "taxCannabis", "taxLocal", "deliveryFees", "tips")
    assert round(total["revenue"] * 100) == sum(round(total[part] * 100) for part in parts)
    assert total["repeatOrders"] == total["delivered"] - 1, "all of one customer"
    assert total["onTimeRate"] == 1
    assert total["medianMinutes"] == total["p90Minutes"] == 0
    before = await day.db.fetchval("SELECT count(*) FROM report_marks")
    assert before == 0
    await check(day.db, ZONE)

    rows = table(await get(day, "/sales", as_table=True))
    assert sum(float(row["revenue"]) for row in rows) == total["revenue"]
    products = (await get(day, "/products")).json()["products"]
    assert [product["name"] for product in products] == ["Haze", "Grinder"]
    assert sum(product["units"] for product in products) == total["units"]
    assert sum(round(product["goods"] * 100) for product in products) == round(total["goods"] * 100)
    [first] = table(await get(day, "/products", as_table=True, limit="1"))
    assert (first["name"], int(first["units"])) == ("Haze", products[0]["units"])

    overview = (await get(day)).json()
    assert overview["orders"] == {"total": total["placed"], "revenue": total["revenue"]}
    assert overview["users"] == {"total": 3, "newUsers": 3, "activeUsers": 3}
    assert overview["products"]["topSelling"] == products
    assert overview["products"]["lowStock"] == []
    cells = {(row["section"], row["name"]): row["value"] for row in table(await get(day, as_table=True))}
    assert float(cells["orders", "revenue"]) == total["revenue"]

    refused = (await get(day, "/refusals")).json()["refusals"]
    counts = {(one["kind"], one["reason"]): one["count"] for one in refused}
    assert counts["door", "without_code"] == 1
    payments = sum(count for (kind, _), count in counts.items() if kind == "payment")
    assert payments >= 1
    await day.db.fetch(LOST_CARDS)
    await day.db.fetch(LATER_ATTEMPTS)
    later = [one for one in (await get(day, "/refusals")).json()["refusals"] if one["kind"] == "payment"]
    assert [one["reason"] for one in later] == ["lost_card"], "what a bank says of a later attempt is not why"
    assert later[0]["count"] == payments
    assert len(table(await get(day, "/refusals", as_table=True))) == len(refused)


async def test_few_units_and_formulas(app: Application, client: httpx.AsyncClient, db: Database) -> None:
    admin = await signed_in(app, Role.ADMIN)
    await make_product(db, "=HYPERLINK(1)", stock=9)
    await make_product(db, "Plenty", stock=10)
    today = clock.now().astimezone(ZONE).date().isoformat()
    params = {"startDate": today, "endDate": today}
    headers = admin.headers | {"Accept": "text/csv"}
    text = (await client.get(URL, params=params, headers=headers)).text
    assert '"lowStock","\'=HYPERLINK(1)","9"' in text
    assert "Plenty" not in text
    for path in ("", "/sales", "/products", "/refusals", "/funnel"):
        for wrong in (
            {},
            {"startDate": "2026-02-01", "endDate": "2026-01-01"},
            params | {"startDate": "2020-01-01"},
        ):
            answer = await client.get(f"{URL}{path}", params=wrong, headers=admin.headers)
            assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), (path, wrong)
    agent = await signed_in(app, Role.AGENT)
    answer = await client.get(f"{URL}/sales", params=params, headers=agent.headers)
    assert answer.status_code == 403


async def test_the_funnel_counts_people_and_visitors_once_by_local_day(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    person, visitor = admin.id, uuid4()
    late = datetime(2026, 11, 2, 5, 59, tzinfo=UTC)  # 23:59 of the first, which has 25 hours
    told = [
        *((person, None, step, late) for step in ("page_view", "page_view", "add_to_cart", "purchase")),
        *((None, visitor, "page_view", late + timedelta(minutes=minutes)) for minutes in (0, 1)),
        (None, None, "page_view", late),
        (None, visitor, "something_else", late),
        (None, visitor, "page_view", late + timedelta(days=9)),
    ]
    for user_id, visitor_id, step, moment in told:
        await db.fetch(
            "INSERT INTO analytics_events (id, user_id, visitor_id, event, properties, occurred_at) "
            "VALUES ($1, $2, $3, $4, '{}', $5)",
            uuid4(),
            user_id,
            visitor_id,
            step,
            moment,
        )
    params = {"startDate": "2026-11-01", "endDate": "2026-11-02"}
    answer = (await client.get(f"{URL}/funnel", params=params, headers=admin.headers)).json()
    none = {"viewItem": 0, "addToCart": 0, "beginCheckout": 0, "purchase": 0}
    first = {"pageView": 3, **none, "addToCart": 1, "purchase": 1}
    assert answer["days"] == [
        {"date": "2026-11-01", "visitors": first},
        {"date": "2026-11-02", "visitors": {"pageView": 1, **none}},
    ]
    assert answer["total"] == first
    csv_headers = admin.headers | {"Accept": "text/csv"}
    rows = table(await client.get(f"{URL}/funnel", params=params, headers=csv_headers))
    assert [(row["date"], row["pageView"]) for row in rows] == [("2026-11-01", "3"), ("2026-11-02", "1")]


_MOMENTS = st.sampled_from(
    [
        datetime.combine(day, datetime.min.time(), tzinfo=ZONE).astimezone(UTC) + timedelta(minutes=minutes)
        for day in (SPRING, FALL, date(2026, 6, 30))
        for minutes in (-1, 0, 1, 119, 180, 1379, 1380, 1439, 1440, 1499, 1500)
    ]
)
_STEP = st.one_of(
    st.tuples(st.just("place"), _MOMENTS, st.integers(1, 9_999), st.integers(1, 3)),
    st.tuples(st.just("deliver"), st.integers(0, 9), st.integers(0, 200), st.just(0)),
    st.tuples(st.just("cancel"), st.integers(0, 9), st.just(0), st.just(0)),
    st.tuples(st.just("refund"), st.integers(0, 9), st.integers(1, 500), st.just(0)),
    st.tuples(st.just("amend"), st.integers(0, 9), st.integers(1, 9_999), st.integers(1, 5)),
    st.tuples(st.just("estimate"), st.integers(0, 9), st.integers(1, 90), st.just(0)),
    st.tuples(st.just("sum"), st.just(0), st.just(0), st.just(0)),
    st.tuples(st.just("move"), st.just(0), st.just(0), st.just(0)),
)

_PLACE = """
WITH one AS (SELECT * FROM orders ORDER BY created_at, id LIMIT 1), made AS (
    INSERT INTO orders SELECT (jsonb_populate_record(NULL::orders, to_jsonb(one) || jsonb_build_object(
        'id', $1::uuid, 'order_number', $1::text, 'cart_id', $1::uuid, 'created_at', $2::timestamptz,
        'status', 'preparing', 'subtotal_cents', $3::int, 'tax_cents', $4::int, 'total_cents', $3::int + $4::int,
        'amount_due_cents', $3::int + $4::int, 'paid_cents', $3::int + $4::int, 'tip_cents', 0,
        'delivery_fee_cents', 0, 'refunded_cents', 0, 'delivered_at', NULL, 'eta_told_at', NULL))).* FROM one
    RETURNING id
)
INSERT INTO order_items (order_id, line, product_id, name, product_class, quantity, unit_price_cents,
    total_price_cents, net_weight_mg, thc_mg, tax_state_cents)
SELECT id, 1, (SELECT product_id FROM order_items LIMIT 1), 'Haze', 'flower', $4, 1, $4, 0, 0, $4 FROM made
"""
_NTH = "(SELECT id FROM orders WHERE status = ANY('{{{}}}') ORDER BY id OFFSET $1 LIMIT 1)"
_CHANGES = {
    "deliver": f"""
        UPDATE orders SET status = 'delivered', delivered_at = created_at + make_interval(mins => $2::int),
            updated_at = now()
        WHERE id = {_NTH.format("preparing")}
    """,
    "cancel": f"""
        UPDATE orders SET status = 'cancelled', updated_at = now() + make_interval(mins => $2::int)
        WHERE id = {_NTH.format("preparing")}
    """,
    "refund": f"""
        UPDATE orders SET refunded_cents = least(paid_cents, $2::int), updated_at = now()
        WHERE id = {_NTH.format("delivered")}
    """,
    "estimate": f"""
        UPDATE orders SET eta_at = now() + make_interval(mins => $2::int),
            eta_told_at = created_at + make_interval(mins => $2::int)
        WHERE id = {_NTH.format("preparing")}
    """,
}


async def _step(db: Database, step: tuple[str, Any, int, int], zone: ZoneInfo) -> ZoneInfo:
    kind, first, second, third = step
    if kind == "sum":
        await refresh(db, zone)
    elif kind == "move":
        zone = TOKYO if zone is ZONE else ZONE
    elif kind == "place":
        await db.fetch(_PLACE, uuid4(), first, second, third)
    elif kind == "amend":
        async with db.transaction() as tx:
            order_id = await tx.fetchval(f"SELECT {_NTH.format('preparing')}", first)
            await tx.execute(
                """
                UPDATE orders SET subtotal_cents = $2::int, total_cents = $2::int + tax_cents,
                    amount_due_cents = $2::int + tax_cents, paid_cents = $2::int + tax_cents, updated_at = now()
                WHERE id = $1
                """,
                order_id,
                second,
            )
            await tx.execute(
                "UPDATE order_items SET quantity = $2, unit_price_cents = 1, total_price_cents = $2 "
                "WHERE order_id = $1",
                order_id,
                third,
            )
    else:
        await db.fetch(_CHANGES[kind], first, second)
    return zone


async def test_sums_are_what_the_orders_say_for_drawn_histories(app: Application, db: Database) -> None:
    """Steps come in any order, also several at once, and days are summed meanwhile by two."""
    driver = await signed_in(app, Role.DRIVER)
    await make_order(app, (await signed_in(app)).id, driver_id=driver.id)
    loop = asyncio.get_running_loop()

    @settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
    @given(st.lists(_STEP, min_size=3, max_size=14))
    def drawn(steps: list[tuple[str, Any, int, int]]) -> None:
        asyncio.run_coroutine_threadsafe(_history(db, steps), loop).result(60)

    await asyncio.to_thread(drawn)
    assert await db.fetchval("SELECT count(*) FROM orders WHERE status = 'delivered'") > 3


async def _history(db: Database, steps: list[tuple[str, Any, int, int]]) -> None:
    zone = ZONE
    for step in steps:
        zone = await _step(db, step, zone)
    together = [step for step in steps if step[0] not in {"move", "sum"}]
    await asyncio.gather(
        *(_step(db, step, zone) for step in together), *(refresh(db, zone) for _ in range(2))
    )
    await refresh(db, zone)
    await check(db, zone)
    assert await db.fetchval("SELECT count(*) FROM report_marks") == 0
    days = Span(date(2026, 1, 1), date(2026, 12, 31), zone)
    by_day, total = await sales.sales_by_day(db, days)
    assert sum(one.total_cents for _, one in by_day) == total.total_cents
    middle = await db.fetchrow(
        """
        SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY subtotal_cents) AS basket,
               percentile_disc(0.9) WITHIN GROUP (
                   ORDER BY floor(extract(epoch FROM delivered_at - created_at) / 60)
               ) AS p90
        FROM orders WHERE status = 'delivered'
        """
    )
    assert middle is not None
    assert (total.median_basket, total.p90_minutes) == (middle["basket"], middle["p90"])
    for day, one in by_day:
        baskets = await db.fetchval("SELECT baskets FROM report_days WHERE day = $1", day)
        assert one.median_basket == (sorted(baskets)[(len(baskets) - 1) // 2] if baskets else None)


async def test_summing_ends_while_orders_change_and_loses_no_mark(
    app: Application, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await signed_in(app)
    for days_ago in range(4):
        order_id = await make_order(app, customer.id)
        await db.fetch(
            "UPDATE orders SET created_at = created_at - $2 * interval '1 day' WHERE id = $1",
            order_id,
            days_ago,
        )
    sum_day, summed = summing._sum, list[date]()

    async def sum_and_change(tx: Tx, day: date, zone: ZoneInfo) -> None:
        assert len(summed) < 20, "it does not end"
        summed.append(day)
        await sum_day(tx, day, zone)
        await db.fetch("UPDATE orders SET refunded_cents = refunded_cents, updated_at = clock_timestamp()")

    monkeypatch.setattr(summing, "_sum", sum_and_change)
    for zone in (ZONE, TOKYO, TOKYO):
        summed.clear()
        count = await refresh(db, zone)
        assert count == len(summed) == len(set(summed)) >= 4
        assert await db.fetchval("SELECT count(*) FROM report_marks") == 4 * count
    monkeypatch.setattr(summing, "DAYS_AT_ONCE", 1)
    summed.clear()
    assert await refresh(db, TOKYO) == len(summed) == 4
    monkeypatch.setattr(summing, "_sum", sum_day)
    await refresh(db, TOKYO)
    assert await db.fetchval("SELECT count(*) FROM report_marks") == 0
    await check(db, TOKYO)


def test_an_average_is_rounded_to_the_next_cent() -> None:
    fields = {one.name: 0 for one in dataclasses.fields(sales.Sales)}
    for goods, delivered, average in ((0, 0, None), (100, 3, 33), (200, 3, 67), (5, 2, 3), (2450, 1, 2450)):
        told = sales.Sales(**fields | {"goods_cents": goods, "delivered": delivered, "first_orders": 0})
        assert told.average_basket == average


async def test_a_new_estimate_alone_marks_no_day(
    app: Application, db: Database, drain: Callable[[], Awaitable[None]]
) -> None:
    await make_order(app, (await signed_in(app)).id)
    await refresh(db, ZONE)
    await db.fetch("UPDATE orders SET eta_at = eta_at + interval '7 minutes'")
    await db.fetch("UPDATE orders SET special_instructions = special_instructions")
    assert await db.fetchval("SELECT count(*) FROM report_marks") == 0
    await db.fetch("UPDATE orders SET updated_at = updated_at + interval '1 second'")
    assert await db.fetchval("SELECT count(*) FROM report_marks") == 1
