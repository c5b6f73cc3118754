"""What the bookkeeper reads adds up to what the books say, as JSON and as CSV."""

import csv
import io
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from factories.trade import Trade
from faded_skies.domains.ledger.service import Account
from faded_skies.platform import clock
from faded_skies.reports import books
from faded_skies.reports.days import Span
from faded_skies.reports.tables import as_csv

ZONE = ZoneInfo("America/Chicago")
URL = "/api/admin/reports"


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
    assert close["orders"] == {"delivered": 4, "returned": 1, "cancelled": 2}
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
    assert tenders["coinsSpent"] == 10.0
    assert tenders["coinsReturned"] == 3.0
    assert close["coins"]["granted"] == 20.0
    [driver] = close["drivers"]
    assert driver["deliveries"] == 4
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
    span = {"startDate": today().isoformat(), "endDate": today().isoformat()}
    told = (await get(day, "taxes", **span)).json()
    close = (await get(day, "day-close")).json()
    assert {one["kind"]: one["net"] for one in told["days"]} == close["taxes"]
    assert all(round(one["collected"] - one["returned"], 2) == one["net"] for one in told["days"])
    assert {step["kind"] for step in told["steps"]} == {"state", "cannabis", "local"}
    for step in told["steps"]:
        of_kind = sum(one["collected"] for one in told["days"] if one["kind"] == step["kind"])
        assert step["amount"] == round(of_kind, 2)
        assert abs(step["base"] * step["rate"] - step["amount"]) < 0.05
    rows = table(await get(day, "taxes", as_table=True, **span))
    assert [float(row["net"]) for row in rows] == [one["net"] for one in told["days"]]


async def test_the_journal_in_pages_and_whole(day: Trade) -> None:
    span = {"startDate": today().isoformat(), "endDate": today().isoformat()}
    first = (await get(day, "journal", limit="5", **span)).json()
    assert (len(first["transfers"]), first["hasMore"]) == (5, True)
    whole = table(await get(day, "journal", as_table=True, **span))
    assert len(whole) == first["total"] == await day.db.fetchval("SELECT count(*) FROM ledger_transfers")
    assert [row["fact"] for row in whole[:5]] == [one["fact"] for one in first["transfers"]]
    cents = await day.db.fetchval("SELECT sum(amount_cents) FROM ledger_transfers")
    assert round(sum(float(row["amount"]) for row in whole) * 100) == cents


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("day-close", {"date": "yesterday"}, "date"),
        ("day-close", {"date": "2026-02-30"}, "date"),
        ("day-close", {"date": "1764201600"}, "date"),
        ("taxes", {"startDate": "2026-01-01"}, "endDate"),
        ("taxes", {"startDate": "2026-01-02", "endDate": "2026-01-01"}, "endDate"),
        ("taxes", {"startDate": "2025-01-01", "endDate": "2026-01-02"}, "endDate"),
        ("journal", {"startDate": "2026-01-01", "endDate": "2026-01-01", "limit": "101"}, "limit"),
    ],
)
async def test_wrong_days_are_refused_by_their_field(
    day: Trade, path: str, params: dict[str, str], field: str
) -> None:
    answer = await get(day, path, **params)
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
    told = as_csv(("a", "b"), [("=1+1", -5.25), ("+x", None), ("plain", 0), ('say "hi", you', True)])
    assert told == b'a,b\r\n\'=1+1,-5.25\r\n\'+x,\r\nplain,0\r\n"say ""hi"", you",True\r\n'
