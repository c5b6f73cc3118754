"""What every track-and-trace system must do, the double and Metrc's adapter; then what only Metrc's can get wrong.

Metrc's adapter speaks to a peer written from its collection, in this process and over HTTP; that the peer's writes are
Metrc's is what an independent client, thunkmetrc-client, says. It knows only writes, so what our reads may ask is
written down here, from the same collection.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import structlog
from pydantic import SecretStr
from thunkmetrc.client.client import MetrcClient, MetrcError  # type: ignore[import-untyped]  # it has none

from factories.news import failure_of
from faded_skies.adapters.metrc.double import open_double
from faded_skies.adapters.metrc.opening import open_metrc
from faded_skies.adapters.metrc.system import Metrc
from faded_skies.adapters.metrc.words import Words
from faded_skies.domains.traceability.ports import (
    Adjustment,
    Arrival,
    Crew,
    Delivery,
    DeliveryChange,
    DeliveryEnd,
    DeliveryVoid,
    Destination,
    Done,
    Facility,
    Found,
    Good,
    Ledger,
    LedgerDeparture,
    LedgerEnd,
    LedgerRestock,
    LedgerSale,
    LedgerVoid,
    Package,
    Receipt,
    ReceiptChange,
    ReceiptVoid,
    Rejected,
    Sale,
    Thing,
    Throttled,
    TrackAndTrace,
    Unauthorised,
    Unreachable,
)
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.outbound import NetworkInsideTransactionError
from faded_skies.platform.settings.metrc import MetrcAccount
from peers.metrc import LICENSE, USER, VENDOR, MetrcPeer

PACIFIC = ZoneInfo("America/Los_Angeles")
TAG, OTHER = "1A4060300002EE1000000001", "1A4060300002EE1000000002"
CREW = Crew("Dana Reyes", "E-7", "F1234567", "Kia", "Niro", "8ABC123")
HOME = Destination("1208 Barton Hills Dr", None, "Fresno", "CA", "93650")
_NUMBERS = iter(range(10**6))


def number(kind: str = "RC") -> str:
    return f"{kind}-{next(_NUMBERS):032X}"


def good(quantity: float = 1, tag: str = TAG, cents: int = 4000) -> Good:
    return Good(tag, Decimal(str(quantity)), "Each", cents)


def receipt(*goods: Good, sold_at: datetime | None = None) -> Receipt:
    return Receipt(number(), sold_at or clock.now(), goods or (good(),))


def ledger(*goods: Good) -> Ledger:
    at = clock.now() + timedelta(milliseconds=next(_NUMBERS))
    return Ledger(number("LO"), at, at, CREW, goods or (good(3), good(2, OTHER)))


def delivery(*goods: Good) -> Delivery:
    now = clock.now()
    return Delivery(number("DC"), now, now, now + timedelta(hours=1), CREW, HOME, goods or (good(),))


def sale(ledger_id: int, *goods: Good) -> LedgerSale:
    now = clock.now()
    return LedgerSale(number("LS"), ledger_id, now, now, HOME, goods or (good(),))


def account(base: str, **changes: Any) -> MetrcAccount:
    made = MetrcAccount(
        base,
        SecretStr(VENDOR),
        SecretStr(USER),
        LICENSE,
        "(559) 555-0100",
        "Unable to Deliver",
        "Entry Error",
        "Waste",
    )
    return replace(made, **changes)


@pytest.fixture
def peer() -> MetrcPeer:
    peer = MetrcPeer()
    peer.stock(TAG, 100)
    peer.stock(OTHER, 50)
    return peer


@pytest.fixture
async def metrc(peer: MetrcPeer) -> AsyncIterator[Metrc]:
    async with open_metrc(account("https://metrc.test"), PACIFIC, transport=peer.transport()) as opened:
        yield opened


@pytest.fixture(params=["double", "in this process", "by http"])
async def system(
    request: pytest.FixtureRequest, peer: MetrcPeer, database_url: str
) -> AsyncIterator[TrackAndTrace]:
    if request.param == "double":
        async with open_double(database_url) as double:
            yield double
    elif request.param == "by http":
        async with peer.serving() as base, open_metrc(account(base), PACIFIC) as opened:
            yield opened
    else:
        async with open_metrc(account("https://metrc.test"), PACIFIC, transport=peer.transport()) as opened:
            yield opened


async def done(system: TrackAndTrace, *things: Thing) -> list[int]:
    outcome = await system.tell(things)
    assert isinstance(outcome, Done), outcome
    return [one or 0 for one in outcome.ids]


# Every system


async def test_what_was_told_is_found_and_nothing_else(system: TrackAndTrace) -> None:
    told, other = receipt(), receipt()
    assert await system.find(told) is None
    (made,) = await done(system, told)
    assert await system.find(told) == Found(made)
    assert await system.find(other) is None


async def test_ten_at_once_have_their_ids_in_order(system: TrackAndTrace) -> None:
    things = [receipt() for _ in range(10)]
    ids = await done(system, *things)
    assert [await system.find(one) for one in things] == [Found(made) for made in ids]


async def test_a_ledger_from_its_opening_to_its_end(system: TrackAndTrace, peer: MetrcPeer) -> None:
    opened = ledger()
    assert await system.find(opened) is None
    (ledger_id,) = await done(system, opened)
    assert await system.find(opened) == Found(ledger_id)
    left = LedgerDeparture(number("LD"), ledger_id)
    more = LedgerRestock(number("LR"), ledger_id, clock.now(), [good(4)], [])
    sold = sale(ledger_id, good(2))
    end = LedgerEnd(number("LE"), ledger_id, clock.now(), [good(5), good(2, OTHER)])
    for thing in (left, more, sold, end):
        assert await system.find(thing) is None
        await done(system, thing)
        assert isinstance(await system.find(thing), Found)
    if peer.asked:
        assert peer.packages[TAG]["Quantity"] == 98
        assert [name for name, _ in peer.told] == ["retailer", "depart", "restock", "sale", "end"]


async def test_a_delivery_and_what_became_of_it(system: TrackAndTrace, peer: MetrcPeer) -> None:
    first = delivery(good(2), good(1, OTHER))
    assert await system.find(first) is None
    (made,) = await done(system, first)
    assert await system.find(first) == Found(made)
    end = DeliveryEnd(number("DD"), made, clock.now(), [TAG], [good(1, OTHER)], None)
    assert await system.find(end) is None
    await done(system, end)
    assert isinstance(await system.find(end), Found)
    if peer.asked:
        assert (peer.packages[TAG]["Quantity"], peer.packages[OTHER]["Quantity"]) == (98, 50)
        (back,) = peer.told[-1][1][0]["ReturnedPackages"]
        assert back["ReturnReason"] == "Unable to Deliver"


async def test_an_adjustment_is_told_apart_by_its_note(system: TrackAndTrace, peer: MetrcPeer) -> None:
    lost = Adjustment(number("PA"), TAG, Decimal(-2), "Each", False, None, "Miscounted.", date(2026, 11, 27))
    assert await system.find(lost) is None
    await done(system, lost)
    assert isinstance(await system.find(lost), Found)
    if peer.asked:
        assert peer.packages[TAG]["Quantity"] == 98
        assert peer.adjustments[0]["AdjustmentReasonName"] == "Entry Error"


async def test_a_sale_is_told_again_with_less_and_void_in_the_end(
    system: TrackAndTrace, peer: MetrcPeer
) -> None:
    first = receipt(good(3, cents=300), good(1, OTHER, cents=50))
    (made,) = await done(system, first)
    less = ReceiptChange(number("RU"), made, replace(first, goods=[good(1, cents=100)]))
    await done(system, less)
    await done(system, less)  # again, it changes nothing
    since, until = clock.now() - timedelta(hours=1), clock.now() + timedelta(minutes=1)
    told = await system.list_sales(since, until)
    assert isinstance(told, Sequence)
    assert Sale(made, first.number, 100) in told
    if peer.asked:
        assert (peer.packages[TAG]["Quantity"], peer.packages[OTHER]["Quantity"]) == (99, 50)
    void = ReceiptVoid(number("RV"), made)
    assert await system.find(void) is None
    await done(system, void)
    assert isinstance(await system.find(void), Found)
    told = await system.list_sales(since, until)
    assert isinstance(told, Sequence)
    assert made not in {sale.id for sale in told}
    if peer.asked:
        assert peer.packages[TAG]["Quantity"] == 100


async def test_a_delivered_sale_is_told_again_with_less_and_void_in_the_end(
    system: TrackAndTrace, peer: MetrcPeer
) -> None:
    first = delivery(good(3, cents=300))
    (made,) = await done(system, first)
    await done(system, DeliveryEnd(number("DD"), made, clock.now(), [TAG], [], None))
    await done(system, DeliveryChange(number("DU"), made, replace(first, goods=[good(2, cents=200)])))
    if peer.asked:
        assert peer.packages[TAG]["Quantity"] == 98
    void = DeliveryVoid(number("DV"), made)
    assert await system.find(void) is None
    await done(system, void)
    assert isinstance(await system.find(void), Found)
    if peer.asked:
        assert peer.packages[TAG]["Quantity"] == 100


async def test_a_ledger_that_never_left_is_void(system: TrackAndTrace, peer: MetrcPeer) -> None:
    opened = ledger()
    (made,) = await done(system, opened)
    void = LedgerVoid(number("LV"), made)
    assert await system.find(void) is None
    await done(system, void)
    assert isinstance(await system.find(void), Found)
    if peer.asked:
        assert await system.tell([void]) == Rejected({}, "It is void already.")


async def test_a_package_that_arrived_is_agreed_on(system: TrackAndTrace) -> None:
    arrived = Arrival(number("PR"), TAG, Decimal(100), "Each")
    assert await system.find(arrived) is None
    await done(system, arrived)


async def test_sales_of_a_span_are_listed_with_our_numbers(system: TrackAndTrace) -> None:
    things = [receipt(good(1, cents=1234)) for _ in range(10)] + [
        receipt(good(1, cents=99)) for _ in range(10)
    ]
    ids = await done(system, *things[:10]) + await done(system, *things[10:])
    sold = await system.list_sales(clock.now() - timedelta(days=3), clock.now() + timedelta(minutes=1))
    expected = [
        Sale(made, one.number, one.goods[0].price_cents) for made, one in zip(ids, things, strict=True)
    ]
    assert isinstance(sold, Sequence)
    assert set(expected) <= set(sold)


async def test_nothing_leaves_while_a_transaction_is_open(system: TrackAndTrace, db: Database) -> None:
    async with db.transaction():
        with pytest.raises(NetworkInsideTransactionError):
            await system.tell([receipt()])
        with pytest.raises(NetworkInsideTransactionError):
            await system.find(receipt())


# Metrc's words


@pytest.mark.parametrize(
    ("moment", "wall"),
    [
        (datetime(2026, 3, 8, 9, 59, 59, tzinfo=UTC), "2026-03-08T01:59:59.000"),
        (datetime(2026, 3, 8, 10, 0, 0, tzinfo=UTC), "2026-03-08T03:00:00.000"),
        (datetime(2026, 11, 1, 8, 30, 0, tzinfo=UTC), "2026-11-01T01:30:00.000"),
        (datetime(2026, 11, 1, 9, 30, 0, tzinfo=UTC), "2026-11-01T01:30:00.000"),
        (datetime(2026, 11, 27, 5, 4, 3, 21999, tzinfo=UTC), "2026-11-26T21:04:03.021"),
    ],
)
def test_times_are_those_of_the_clock_on_the_shops_wall(moment: datetime, wall: str) -> None:
    assert Words(PACIFIC, None, "", "", "").local(moment) == wall


async def test_a_receipt_in_metrcs_words(metrc: Metrc, peer: MetrcPeer) -> None:
    told = receipt(good(2, cents=8421), sold_at=datetime(2026, 7, 4, 3, 2, 1, tzinfo=UTC))
    await done(metrc, told)
    ((name, (body,)),) = peer.told
    assert name == "receipts"
    assert body == {
        "SalesDateTime": "2026-07-03T20:02:01.000",
        "ExternalReceiptNumber": told.number,
        "SalesCustomerType": "Consumer",
        "PatientLicenseNumber": None,
        "CaregiverLicenseNumber": None,
        "IdentificationMethod": None,
        "PatientRegistrationLocationId": None,
        "Transactions": [
            {"PackageLabel": TAG, "Quantity": 2.0, "UnitOfMeasure": "Each", "TotalAmount": 84.21}
        ],
    }


class Asked:
    """Remembers the reads that went out, and lets the peer answer them."""

    def __init__(self, peer: MetrcPeer) -> None:
        self._inner = peer.transport()
        self.urls: list[httpx.URL] = []

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Metrc]:
        async def handle(request: httpx.Request) -> httpx.Response:
            self.urls.append(request.url)
            return await self._inner.handle_async_request(request)

        transport = httpx.MockTransport(handle)
        async with open_metrc(account("https://metrc.test"), PACIFIC, transport=transport) as metrc:
            yield metrc


LISTS = {
    "/packages/v2/active",
    "/sales/v2/receipts/active",
    "/sales/v2/deliveries/active",
    "/sales/v2/deliveries/inactive",
    "/sales/v2/deliveries/retailer/active",
    "/sales/v2/deliveries/retailer/inactive",
}
"""Lists that take licenseNumber, lastModifiedStart, lastModifiedEnd, pageNumber, pageSize."""


async def test_reads_ask_only_what_the_collection_documents(peer: MetrcPeer) -> None:
    asked = Asked(peer)
    async with asked.opened() as metrc:
        for thing in (
            receipt(),
            ledger(),
            delivery(),
            sale(7),
            DeliveryEnd(number(), 8, clock.now(), [TAG], [], None),
            LedgerDeparture(number(), 9),
            Adjustment(number(), TAG, Decimal(1), "Each", False, None, None, date(2026, 1, 1)),
            ReceiptVoid(number(), 10),
            DeliveryVoid(number(), 11),
            LedgerVoid(number(), 12),
        ):
            await metrc.find(thing)
        await metrc.tell([Arrival(number(), TAG, Decimal(1), "Each")])
        await metrc.list_packages()
        await metrc.list_sales(clock.now() - timedelta(days=3), clock.now())
        await metrc.facilities()
    paged = {"licenseNumber", "pageNumber", "pageSize"}
    for url in asked.urls:
        names, path = set(url.params.keys()), url.path
        assert url.params["licenseNumber"] == LICENSE
        if path in LISTS:
            assert names - {"lastModifiedStart", "lastModifiedEnd"} == paged, url
        elif path == "/packages/v2/adjustments":
            assert names == paged
        else:
            assert names == {"licenseNumber"}
            assert path.rpartition("/")[0] in {
                "/packages/v2",
                "/sales/v2/receipts/external",
                "/sales/v2/receipts",
                "/sales/v2/deliveries",
                "/sales/v2/deliveries/retailer",
                "/facilities",
            }, path
        if "pageSize" in names:
            assert int(url.params["pageSize"]) <= 20
        if "lastModifiedStart" in names:
            start, end = (
                datetime.fromisoformat(url.params[f"lastModified{which}"]) for which in ("Start", "End")
            )
            assert start.tzinfo is not None
            assert end - start <= timedelta(hours=24)
            assert "+00:00" in url.params["lastModifiedStart"]
            assert b"%2B00" in url.raw_path


async def test_all_pages_are_read(metrc: Metrc, peer: MetrcPeer) -> None:
    for place in range(43):
        peer.stock(f"1A406030000{place:013}", place)
    packages = await metrc.list_packages()
    assert isinstance(packages, list)
    assert len(packages) == 45
    assert Package(TAG, Decimal(100), "Each") in packages
    assert len([one for one in peer.asked if "/packages" in one]) == 3


async def test_facilities_say_which_flows_they_may_use(metrc: Metrc) -> None:
    assert await metrc.facilities() == [
        Facility(LICENSE, "Faded Skies", can_sell=True, can_deliver=True, has_ledgers=True)
    ]


# What goes wrong


async def test_rows_that_are_refused_are_named_and_none_is_taken(metrc: Metrc, peer: MetrcPeer) -> None:
    outcome = await metrc.tell([receipt(), receipt(good(1, "UNKNOWNTAG")), receipt(good(1000))])
    assert outcome == Rejected({1: "Package UNKNOWNTAG was not found.", 2: f"Package {TAG} holds only 99."})
    assert (peer.receipts, peer.packages[TAG]["Quantity"]) == ({}, 100)
    assert failure_of("metrc") is None  # a refusal is an answer


async def test_eleven_at_once_are_refused_as_a_whole(metrc: Metrc, peer: MetrcPeer) -> None:
    outcome = await metrc.tell([receipt() for _ in range(11)])
    assert outcome == Rejected({}, "It was refused with status 413.")
    assert peer.receipts == {}


@pytest.mark.parametrize("keys", [("another", USER), (VENDOR, "another")])
async def test_wrong_keys_are_no_answer_about_a_receipt(
    metrc: Metrc, peer: MetrcPeer, keys: tuple[str, str]
) -> None:
    peer.keys = keys
    assert await metrc.tell([receipt()]) == Unauthorised("status 401")
    assert await metrc.find(receipt()) == Unauthorised("status 401")
    assert await metrc.list_packages() == Unauthorised("status 401")
    assert failure_of("metrc") == "Unauthorised"


async def test_a_licence_that_is_not_ours_is_no_answer_either(peer: MetrcPeer) -> None:
    async with open_metrc(
        account("https://metrc.test", license_no="C10-9"), PACIFIC, transport=peer.transport()
    ) as metrc:
        assert await metrc.find(receipt()) == Unauthorised("status 401")


async def test_too_many_calls_say_when_to_come_back(metrc: Metrc, peer: MetrcPeer) -> None:
    peer.faults = ["429", "429", "429"]
    peer.retry_after = "17"
    assert await metrc.tell([receipt()]) == Throttled(timedelta(seconds=17))
    peer.retry_after = "soon"
    assert await metrc.tell([receipt()]) == Throttled(timedelta(seconds=30))
    peer.retry_after = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    outcome = await metrc.tell([receipt()])
    assert isinstance(outcome, Throttled)
    assert timedelta(seconds=80) < outcome.retry_after <= timedelta(seconds=90)
    assert peer.receipts == {}


@pytest.mark.parametrize(("fault", "receipts"), [("forget", 1), ("500 after", 1), ("drop", 0), ("503", 0)])
async def test_an_answer_that_is_lost_is_unsure(peer: MetrcPeer, fault: Any, receipts: int) -> None:
    peer.faults = [fault]
    async with peer.serving() as base, open_metrc(account(base), PACIFIC) as metrc:
        told = receipt()
        outcome = await metrc.tell([told])
        assert isinstance(outcome, Unreachable)
        assert outcome.unsure
        assert len(peer.receipts) == receipts
        assert await metrc.find(told) == (Found(next(iter(peer.receipts))) if receipts else None)


async def test_where_nobody_listens_nothing_was_done() -> None:
    async with open_metrc(account("http://127.0.0.1:9"), PACIFIC) as metrc:
        outcome = await metrc.tell([receipt()])
    assert outcome == Unreachable("ConnectError", unsure=False)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, b'{"Message":"No."}', Rejected({}, "No.")),
        (400, b'{"Message":"No.","ValidationErrors":["Tag"]}', Rejected({}, "No. Tag")),
        (400, b'[{"row":0,"message":"A."},{"row":0,"message":"B."}]', Rejected({0: "A. B."})),
        (400, b"<html>", Rejected({}, "It was refused with status 400.")),
        (403, b"", Unauthorised("status 403")),
        (200, b"not json", Unreachable("its answer cannot be read", unsure=True)),
        (200, b'{"Ids":[]}', Unreachable("its answer has other ids", unsure=True)),
        (200, b"", Unreachable("its answer has other ids", unsure=True)),
        (302, b"", Unreachable("status 302", unsure=True)),
        (502, b"<html>", Unreachable("status 502", unsure=True)),
    ],
)
async def test_what_answers_mean(status: int, body: bytes, expected: object) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body))
    async with open_metrc(account("https://metrc.test"), PACIFIC, transport=transport) as metrc:
        assert await metrc.tell([receipt()]) == expected


async def test_no_key_and_no_name_is_logged(metrc: Metrc, peer: MetrcPeer) -> None:
    with structlog.testing.capture_logs() as logs:
        peer.keys = ("x", "y")
        await metrc.tell([ledger()])
        await metrc.find(receipt())
    assert not any(secret in str(logs) for secret in (VENDOR, USER, "Dana", "F1234567"))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"IsFinished": True}, "Metrc holds this package as finished. Check the tag."),
        ({"ArchivedDate": "2026-11-01"}, "Metrc holds this package as finished. Check the tag."),
        ({"UnitOfMeasureName": "Grams"}, "Metrc measures this package in Grams, and we count it in Each."),
        ({"Quantity": 101}, "Metrc holds 101 of this package, and 100 arrived. Count it again."),
    ],
)
async def test_a_package_that_arrived_otherwise_says_how(
    metrc: Metrc, peer: MetrcPeer, change: dict[str, Any], refusal: str
) -> None:
    peer.packages[TAG] |= change
    arrived = Arrival(number("PR"), TAG, Decimal(100), "Each")
    assert await metrc.tell([arrived]) == Rejected({}, refusal)


async def test_a_package_that_is_not_there_is_no_wrong_key(metrc: Metrc, peer: MetrcPeer) -> None:
    strange = Arrival(number("PR"), "1A4060300002EE1STRANGE", Decimal(1), "Each")
    refusal = (
        "Metrc has no package with this tag at our licence. Receive its transfer there, or check the tag."
    )
    assert await metrc.tell([strange]) == Rejected({}, refusal)
    peer.keys = ("x", "y")
    assert await metrc.tell([strange]) == Unauthorised("status 401")
    peer.down = True
    assert await metrc.tell([strange]) == Unreachable("status 503", unsure=True)


# An independent client, on the same peer


async def test_an_independent_client_writes_as_we_do(peer: MetrcPeer) -> None:
    bodies: dict[str, Any] = {}
    words = Words(PACIFIC, "(559) 555-0100", "Unable to Deliver", "Entry Error", "Waste")
    async with peer.serving() as base:
        client = MetrcClient(base, VENDOR, USER)

        def post(what: str, call: Any, thing: Thing) -> Any:
            bodies[what] = [words.body(thing)]
            return call(bodies[what], LICENSE)

        def delete(path: str) -> Any:
            # The client's own deletions end in a NameError, as its reads do.
            return client._send("DELETE", path, None, {"licenseNumber": LICENSE})

        sales = client.sales
        run = asyncio.to_thread
        answer = await run(post, "receipts", sales.create_sales_receipts, receipt())
        assert answer["Warnings"] is None
        (delivery_id,) = (await run(post, "deliveries", sales.create_sales_deliveries, delivery()))["Ids"]
        await run(
            post,
            "complete",
            sales.update_sales_deliveries_complete,
            DeliveryEnd(number(), delivery_id, clock.now(), [TAG], [], None),
        )
        # The client lost its method for opening a ledger to another one of the same name.
        made = await run(
            client._send,
            "POST",
            "/sales/v2/deliveries/retailer",
            [words.body(ledger())],
            {"licenseNumber": LICENSE},
        )
        (ledger_id,) = made["Ids"]
        await run(
            post,
            "depart",
            sales.create_sales_deliveries_retailer_depart,
            LedgerDeparture(number(), ledger_id),
        )
        await run(post, "sale", sales.create_sales_deliveries_retailer, sale(ledger_id))
        await run(
            post,
            "restock",
            sales.create_sales_deliveries_retailer_restock,
            LedgerRestock(number(), ledger_id, clock.now(), [], [good(2, OTHER)]),
        )
        await run(
            post,
            "end",
            sales.create_sales_deliveries_retailer_end,
            LedgerEnd(number(), ledger_id, clock.now(), [good(2)]),
        )
        (receipt_id,) = peer.receipts
        less = ReceiptChange(number(), receipt_id, receipt(good(1, OTHER)))
        await run(post, "receipt again", sales.update_sales_receipts, less)
        await run(delete, f"/sales/v2/receipts/{receipt_id}")
        less_brought = DeliveryChange(number(), delivery_id, delivery(good(1, OTHER)))
        await run(post, "delivery again", sales.update_sales_deliveries, less_brought)
        await run(delete, f"/sales/v2/deliveries/{delivery_id}")
        assert (peer.packages[TAG]["Quantity"], peer.packages[OTHER]["Quantity"]) == (99, 50)
        unused = await run(
            client._send,
            "POST",
            "/sales/v2/deliveries/retailer",
            [words.body(ledger())],
            {"licenseNumber": LICENSE},
        )
        await run(delete, f"/sales/v2/deliveries/retailer/{unused['Ids'][0]}")
        lost = Adjustment(number(), TAG, Decimal(-1), "Each", True, None, None, date(2026, 11, 27))
        await run(post, "adjust", client.packages.create_adjust_packages, lost)
        wrong = MetrcClient(base, VENDOR, "another")
        with pytest.raises((MetrcError, httpx.HTTPStatusError)):
            await run(wrong.sales.create_sales_receipts, bodies["receipts"], LICENSE)
        with pytest.raises(MetrcError, match="must be an array"):
            await run(sales.create_sales_receipts, {"not": "an array"}, LICENSE)
        for one in (client, wrong):
            one.client.close()
    assert [name for name, _ in peer.told] == [
        "receipts",
        "deliveries",
        "complete",
        "retailer",
        "depart",
        "sale",
        "restock",
        "end",
        "receipt again",
        "void receipts",
        "delivery again",
        "void deliveries",
        "retailer",
        "void retailer",
        "adjust",
    ]
    assert peer.packages[TAG]["Quantity"] == 98
