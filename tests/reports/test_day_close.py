"""What the bookkeeper reads adds up to what the books say, as JSON and as CSV."""

import csv
import io
from datetime import UTC, date, timedelta
from random import Random
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from factories.identity import signed_in
from factories.trade import Trade
from faded_skies.bootstrap import Application
from faded_skies.domains.ledger.service import TAXES, Account, Fact
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.reports import books, closing
from faded_skies.reports.days import Span
from faded_skies.reports.tables import as_csv

ZONE = ZoneInfo("America/Chicago")
URL = "/api/admin/reports"
FALL = date(2026, 11, 1)
"""A day of 25 hours."""


async def get(trade: Trade, path: str, *, as_table: bool = False, **params: str) -> httpx.Response:
    headers = trade.admin.headers | ({"Accept": "text/csv"} if as_table else {})
    return await trade.client.get(f"{URL}/{path}", params=params, headers=headers)


def table(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


def today() -> date:
    return clock.now().astimezone(ZONE).date()


async def test_a_day_close_is_what_the_books_say(day: Trade) -> None:
    answer = await get(day, "day-close")
    assert answer.status_code == 200, answer.text
    close: dict[str, Any] = answer.json()
    standing = {one.account: one.cents for one in await books.balances(day.db)}
    assert close["date"] == today().isoformat()
    assert close["timeZone"] == "America/Chicago"
    assert close["orders"] == {"delivered": 5, "returned": 1, "cancelled": 2}
    assert {name: round(value * 100) for name, value in close["sales"].items()} == {
        "goods": standing[Account.SALES],
        "goodsReturned": standing[Account.SALES_RETURNS],
        "allowances": standing[Account.ALLOWANCES],
        "deliveryFees": standing[Account.DELIVERY_FEES],
        "tips": standing[Account.TIPS],
    }
    assert close["sales"]["tips"] == 8.0
    assert {kind: round(value * 100) for kind, value in close["taxes"].items()} == {
        "state": standing[Account.TAX_STATE],
        "cannabis": standing[Account.TAX_CANNABIS],
        "local": standing[Account.TAX_LOCAL],
    }
    tenders = close["tenders"]
    in_hand = round(100 * (tenders["cardCharged"] - tenders["cardRefunded"]))
    fees = round(100 * close["costs"]["processingFees"])
    assert standing[Account.GATEWAY] == in_hand - fees - round(100 * close["costs"]["disputesWithdrawn"])
    assert close["costs"]["cashOverShort"] == 1.0
    assert tenders["cashRefunded"] == 4.0
    assert tenders["coinsSpent"] == 12.0
    assert tenders["coinsReturned"] == 3.0
    assert close["coins"]["granted"] == 20.0
    [driver] = close["drivers"]
    assert driver["deliveries"] == 5
    assert driver["cashTaken"] == driver["collected"] == driver["counted"]
    assert (driver["difference"], driver["tips"], driver["drawers"]) == (-1.0, 8.0, ["signed_off"])


async def test_the_table_says_the_same(day: Trade) -> None:
    close = (await get(day, "day-close")).json()
    rows = table(await get(day, "day-close", as_table=True))
    values = {(row["section"], row["name"]): float(row["value"]) for row in rows if row["value"]}
    for section in ("orders", "sales", "taxes", "tenders", "coins", "costs"):
        assert {name: values[section, name] for name in close[section]} == close[section]


async def test_another_day_is_empty_and_one_without_drawers(day: Trade) -> None:
    close = (await get(day, "day-close", date=(today() - timedelta(days=3)).isoformat())).json()
    assert close["orders"] == {"delivered": 0, "returned": 0, "cancelled": 0}
    assert close["drivers"] == []
    assert {value for section in ("sales", "taxes", "tenders") for value in close[section].values()} == {0.0}


async def test_taxes_by_day_and_by_step(day: Trade) -> None:
    told = (await get(day, "taxes", startDate=str(today()), endDate=str(today()))).json()
    close = (await get(day, "day-close")).json()
    assert {one["kind"]: one["net"] for one in told["days"]} == close["taxes"]
    assert all(round(one["collected"] - one["returned"], 2) == one["net"] for one in told["days"])
    assert {step["kind"] for step in told["steps"]} == {"state", "cannabis", "local"}
    for step in told["steps"]:
        of_kind = sum(one["collected"] for one in told["days"] if one["kind"] == step["kind"])
        assert step["amount"] == round(of_kind, 2)
        assert abs(step["base"] * step["rate"] - step["amount"]) < 0.05
    rows = table(await get(day, "taxes", as_table=True, startDate=str(today()), endDate=str(today())))
    assert [float(row["net"]) for row in rows] == [one["net"] for one in told["days"]]


async def test_the_journal_in_pages_and_whole(day: Trade) -> None:
    first = (await get(day, "journal", limit="5", startDate=str(today()), endDate=str(today()))).json()
    assert (len(first["transfers"]), first["hasMore"]) == (5, True)
    whole = table(await get(day, "journal", as_table=True, startDate=str(today()), endDate=str(today())))
    assert len(whole) == first["total"] == await day.db.fetchval("SELECT count(*) FROM ledger_transfers")
    assert [row["fact"] for row in whole[:5]] == [one["fact"] for one in first["transfers"]]
    cents = await day.db.fetchval("SELECT sum(amount_cents) FROM ledger_transfers")
    assert round(sum(float(row["amount"]) for row in whole) * 100) == cents


async def test_a_journal_is_whole_however_many_parts_it_is_read_in(
    day: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = {"startDate": str(today()), "endDate": str(today())}
    at_once = (await get(day, "journal", as_table=True, **days)).text
    monkeypatch.setattr(books, "_ROWS_AT_ONCE", 3)
    assert (await get(day, "journal", as_table=True, **days)).text == at_once
    empty = await get(day, "journal", as_table=True, startDate="2020-01-01", endDate="2020-01-01")
    assert empty.text == ",".join(f'"{name}"' for name in books.JOURNAL_FIELDS) + "\r\n"


async def post_at_random(db: Database, chance: Random) -> None:
    """Post transfers of made-up facts in the nights around the end of summer time, many on the stroke of midnight."""
    midnights = [Span(one, one, ZONE).begins for one in (FALL, FALL + timedelta(1), FALL + timedelta(2))]
    rows = []
    for _ in range(300):
        debit, credit = chance.sample(list(Account), 2)
        shift = chance.choice(
            [timedelta(0), timedelta(microseconds=-1), timedelta(hours=chance.uniform(-26, 26))]
        )
        moment = chance.choice(midnights).astimezone(UTC) + shift
        fact = chance.choice(list(Fact)).value
        rows.append(
            (uuid4(), fact, uuid4(), debit.value, credit.value, chance.randint(1, 90_000), uuid4(), moment)
        )
    async with db.transaction() as tx:
        for row in rows:
            await tx.execute(
                "INSERT INTO ledger_transfers "
                "(id, kind, subject, leg, debit, credit, amount_cents, party_id, posted_at) "
                "VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
                *row,
            )


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_days_add_up_to_what_the_accounts_moved_by(db: Database, seed: int) -> None:
    await post_at_random(db, Random(seed))
    days = [Span(FALL + timedelta(n), FALL + timedelta(n), ZONE) for n in range(-2, 5)]
    assert [one.cents for one in await books.balances(db, before=days[0].begins)] == [0] * len(Account)
    for asked in days:
        moves = await books.moved(db, asked)
        before = await books.balances(db, before=asked.begins)
        after = await books.balances(db, before=asked.ends)
        grown = {now.account: now.cents - then.cents for then, now in zip(before, after, strict=True)}
        assert {account: books.net(moves, account) for account in Account} == grown
        lines = {(line.section, line.name): line.cents for line in (await closing.close_day(db, asked)).lines}
        assert lines["sales", "goods"] == grown[Account.SALES]
        assert lines["taxes", "local"] == grown[Account.TAX_LOCAL]
        assert lines["costs", "cashOverShort"] == grown[Account.CASH_OVER_SHORT]
    whole = Span(days[0].first, days[-1].last, ZONE)
    taxes, _ = await closing.taxes(db, whole)
    for kind, account in TAXES.items():
        by_day = {one.day: one.collected_cents - one.returned_cents for one in taxes if one.kind == kind}
        for asked in days:
            assert by_day.get(asked.first, 0) == books.net(await books.moved(db, asked), account)
    counted = [row async for rows in books.read_journal(db, whole) for row in rows]
    assert len(counted) == 300


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("day-close", {"date": "yesterday"}, "date"),
        ("day-close", {"date": "2026-02-30"}, "date"),
        ("day-close", {"date": "1764201600"}, "date"),
        ("day-close", {"date": "9999-12-31"}, "date"),
        ("day-close", {"date": "0001-01-01"}, "date"),
        ("taxes", {"startDate": "2026-01-01"}, "endDate"),
        ("taxes", {"startDate": "2026-01-02", "endDate": "2026-01-01"}, "endDate"),
        ("taxes", {"startDate": "2025-01-01", "endDate": "2026-01-02"}, "endDate"),
        ("journal", {"startDate": "2026-01-01", "endDate": "2026-01-01", "limit": "101"}, "limit"),
    ],
)
async def test_wrong_days_are_refused_by_their_field(
    app: Application, client: httpx.AsyncClient, path: str, params: dict[str, str], field: str
) -> None:
    admin = await signed_in(app, role=Role.ADMIN)
    answer = await client.get(f"{URL}/{path}", params=params, headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json()["details"]] == [field]


@pytest.mark.parametrize(
    ("day_of_change", "hours"),
    [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 6, 1), 24)],
)
def test_a_local_day_may_be_longer_or_shorter(day_of_change: date, hours: int) -> None:
    asked = Span(day_of_change, day_of_change, ZONE)
    assert (asked.ends.timestamp() - asked.begins.timestamp()) / 3600 == hours


def test_texts_are_no_formulas_and_numbers_stay_numbers() -> None:
    told = as_csv([("a", "b"), ("=1+1", -5.25), ("+x", None), ("x;=1", 0), ('say "hi", you', True)])
    assert told == (
        b'"a","b"\r\n"\'=1+1","-5.25"\r\n"\'+x",""\r\n"x;\'=1","0"\r\n"say ""hi"", you","True"\r\n'
    )
