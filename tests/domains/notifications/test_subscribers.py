"""What facts of other domains make us write: order confirmed with its goods, money given back, alarms for admins."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx

from factories.catalog import make_product
from factories.identity import mails_to, make_person
from factories.reports import make_report
from factories.trade import open_trade
from faded_skies.bootstrap import Application
from faded_skies.domains.notifications import service
from faded_skies.domains.orders.subscribers import subscriptions as orders_subscriptions
from faded_skies.domains.payments.events import RefundSettled
from faded_skies.domains.traceability.events import ReportOverdue, ReportRejected
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.events import Event
from faded_skies.platform.ids import new_id

Drain = Callable[[], Awaitable[None]]
NOON = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)


async def test_a_confirmed_order_is_written_with_its_goods_and_a_refund_with_its_sum(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    trade = await open_trade(app, client)
    haze = await make_product(trade.db, "Barton Haze", price_cents=3500, stock=5)
    order = await trade.order((haze, 2), tip=4)
    await drain()
    email = await trade.db.fetchval("SELECT email::text FROM users WHERE id = $1", trade.shopper.id)
    (confirmed,) = mails_to(app, email)
    assert confirmed.subject == f"Order confirmed: {order['orderNumber']}"
    assert "$70.00  2 × Barton Haze" in confirmed.text  # noqa: RUF001 - as the mail writes it
    assert f"${order['totalAmount']:.2f}  Total" in confirmed.text
    await trade.deliver(order)
    refunded = await trade.refund(order, amount=12.5)
    assert refunded.status_code == 200, refunded.text
    await drain()
    assert mails_to(app, email)[0].subject == f"We gave $12.50 back: {order['orderNumber']}"
    facts = await trade.db.fetch("SELECT fact FROM messages WHERE kind = 'refund' AND channel = 'email'")
    assert len(facts) == 1


async def deliver(app: Application, event: Event) -> None:
    for subscription in orders_subscriptions(app.ports):
        if subscription.event is type(event) and subscription.job == "orders.write_of_refund":
            await subscription.handler(event)


async def test_a_refund_that_failed_or_is_of_no_order_is_not_written(app: Application, db: Database) -> None:
    for order_id, ok in ((new_id(), False), (None, True), (new_id(), True)):
        event = RefundSettled(refund_id=new_id(), intent_id=None, order_id=order_id, amount_cents=100, ok=ok)
        await deliver(app, event)
    assert await db.fetchval("SELECT count(*) FROM messages") == 0


async def test_another_time_of_arrival_is_told_once_for_each_estimate(app: Application, db: Database) -> None:
    user_id, order_id = await make_person(app), new_id()
    # The second is the first's handler once more; the last has swung back.
    for minutes, reckoned in ((25, 0), (25, 0), (40, 1), (25, 2)):
        async with db.transaction() as tx:
            await service.notify_eta(
                tx,
                user_id=user_id,
                order_id=order_id,
                order_number="FS-1001",
                eta_at=NOON + timedelta(minutes=minutes),
                reckoned_at=NOON + timedelta(seconds=reckoned),
                now=NOON,
            )
    rows = await db.fetch("SELECT content, good_until FROM messages WHERE channel = 'push' ORDER BY id")
    assert [row["content"]["body"] for row in rows] == [
        "Your driver will arrive in approximately 25 minutes.",
        "Your driver will arrive in approximately 40 minutes.",
        "Your driver will arrive in approximately 25 minutes.",
    ]
    assert {row["good_until"] for row in rows} == {NOON + timedelta(minutes=5)}
    assert rows[0]["content"]["data"] == {
        "type": "eta_update",
        "orderId": str(order_id),
        "url": f"/orders/{order_id}",
    }


async def test_links_are_mailed_only_while_they_open_something(app: Application, db: Database) -> None:
    user_id = await make_person(app)
    async with db.transaction() as tx:
        await service.mail_reset_link(tx, user_id=user_id, request_id=new_id())
    ends = await db.fetchrow(
        "SELECT m.good_until, t.expires_at FROM messages m JOIN mailed_tokens t USING (user_id) "
        "WHERE m.kind = t.purpose AND m.kind = 'reset_password'"
    )
    assert ends is not None
    assert ends["good_until"] == ends["expires_at"]


async def test_admins_are_woken_once_when_reports_to_the_state_are_late(
    app: Application, db: Database, drain: Drain
) -> None:
    for number in range(2):
        await make_person(app, role=Role.ADMIN, email=f"admin-of-{number}@example.com")
    await make_person(app, role=Role.AGENT, email="agent@example.com")
    left = await make_person(app, role=Role.ADMIN, email="left@example.com")
    await db.fetch("UPDATE users SET account_status = 'suspended' WHERE id = $1", left)
    report_id = new_id()
    for missed in (False, True, True):
        async with db.transaction() as tx:
            tx.emit(ReportOverdue(report_id=report_id, due_at=NOON, count=2, missed=missed))
    await drain()
    for number in range(2):
        mails = mails_to(app, f"admin-of-{number}@example.com")
        assert sorted(mail.subject for mail in mails) == [
            "2 reports to the state have not been sent in time",
            "2 reports to the state must be sent soon",
        ]
    assert mails_to(app, "agent@example.com") == mails_to(app, "left@example.com") == []
    assert await db.fetchval("SELECT count(*) FROM notices WHERE kind = 'alarm'") == 4


async def test_a_refused_report_that_is_gone_wakes_nobody(
    app: Application, db: Database, drain: Drain
) -> None:
    await make_person(app, role=Role.ADMIN)
    async with db.transaction() as tx:
        tx.emit(ReportRejected(report_id=new_id(), trip_id=None))
    await drain()
    assert await db.fetchval("SELECT count(*) FROM messages") == 0


async def test_admins_are_woken_once_for_each_refusal_of_a_report(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    trade = await open_trade(app, client)
    haze = await make_product(trade.db, "Barton Haze", price_cents=3500, stock=5)
    order = await trade.order((haze, 1))
    await make_person(app, role=Role.ADMIN, email="admin-of-reports@example.com")
    report_id = await make_report(db, UUID(order["id"]))
    for attempts in (1, 1, 2):
        await db.fetch("UPDATE trace_reports SET attempts = $2 WHERE id = $1", report_id, attempts)
        async with db.transaction() as tx:
            tx.emit(ReportRejected(report_id=report_id, trip_id=None))
        await drain()
    mails = mails_to(app, "admin-of-reports@example.com")
    assert [mail.subject for mail in mails] == ["The state refused a report"] * 2
