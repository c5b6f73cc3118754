"""Which ways to pay are taken: the law, the shop, the card processor and the product each say no with their reason."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product as every
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.catalog import make_product
from factories.trade import Trade, open_trade
from faded_skies.bootstrap import Application
from faded_skies.domains.checkout.rules import Goods, tender_problem
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.compliance.rules.book import RuleBook, TenderBar, TenderRules
from faded_skies.domains.compliance.service.reading import FOLDER
from faded_skies.domains.payments.ports import CardTerms
from faded_skies.domains.payments.service import Tender

TODAY = datetime(2026, 11, 27, tzinfo=UTC)
BOOK = compliance.read_law("us-tx-example").at(TODAY)
ALL = frozenset(Tender)
ANYTHING = CardTerms(is_connected=True, classes=None)
ACCESSORIES = CardTerms(is_connected=True, classes=frozenset({"accessory"}))
HAZE = Goods("Haze", "flower", ())
GRINDER = Goods("Grinder", "accessory", ())
NO_CASH_FOR_EDIBLES = TenderBar(
    BOOK.age,
    frozenset({"cash"}),
    frozenset({"edible"}),
    "Edibles must be paid before they leave the shop.",
)


def allowing(tenders: frozenset[Tender]) -> RuleBook:
    return replace(BOOK, tender_rules=TenderRules(BOOK.age, frozenset(tenders)))


def because(tender: Tender, *goods: Goods, **changes: object) -> object:
    terms = {"book": BOOK, "offered": ALL, "terms": ANYTHING} | changes
    problem = tender_problem(tender, goods, **terms)  # type: ignore[arg-type]  # one of the three
    return None if problem is None else problem.facts["because"]


@pytest.mark.parametrize("tender", list(Tender))
def test_where_nobody_says_no_everything_is_taken(tender: Tender) -> None:
    assert because(tender, HAZE, GRINDER) is None


@pytest.mark.parametrize("tender", list(Tender))
def test_each_of_them_can_say_no(tender: Tender) -> None:
    assert because(tender, HAZE, book=allowing(ALL - {tender})) == "law"
    assert because(tender, HAZE, offered=ALL - {tender}) == "shop"
    assert because(tender, replace(HAZE, barred_tenders=(tender.value,))) == "product"


def test_the_law_may_bar_a_tender_for_some_goods_only() -> None:
    book = replace(BOOK, tender_bars=(NO_CASH_FOR_EDIBLES,))
    gummies = Goods("Gummies", "edible", ())
    problem = tender_problem(Tender.CASH, [HAZE, gummies], book=book, offered=ALL, terms=ANYTHING)
    assert problem is not None
    assert problem.text == (
        "Edibles must be paid before they leave the shop. "
        "Choose another way to pay, or take Gummies out of the cart."
    )
    assert because(Tender.CASH, HAZE, book=book) is None
    assert because(Tender.CARD, gummies, book=book) is None


def test_card_networks_do_not_carry_thc_and_cash_does() -> None:
    for tender in (Tender.CARD, Tender.APPLE_PAY, Tender.GOOGLE_PAY):
        assert because(tender, GRINDER, terms=ACCESSORIES) is None
        assert because(tender, GRINDER, HAZE, terms=ACCESSORIES) == "processor"
        assert because(tender, GRINDER, terms=CardTerms(is_connected=False, classes=None)) == "shop"
    for tender in (Tender.CASH, Tender.FS_COIN):
        assert because(tender, HAZE, terms=CardTerms(is_connected=False, classes=frozenset())) is None


@given(st.sets(st.sampled_from(list(Tender))), st.sets(st.sampled_from(list(Tender))))
def test_a_tender_is_taken_only_where_all_take_it(law: set[Tender], shop: set[Tender]) -> None:
    book = allowing(frozenset(law))
    for tender, terms in every(Tender, (ANYTHING, ACCESSORIES)):
        taken = because(tender, HAZE, book=book, offered=frozenset(shop), terms=terms) is None
        by_card = tender in {Tender.CARD, Tender.APPLE_PAY, Tender.GOOGLE_PAY}
        assert taken == (tender in law and tender in shop and not (by_card and terms is ACCESSORIES))


def test_a_rule_file_can_bar_a_tender_for_a_class(tmp_path: Path) -> None:
    text = (FOLDER / "us-tx-example.toml").read_text()
    bar = (
        '\n[[tender_bar]]\nid = "prepaid"\ntenders = ["cash"]\nclasses = ["edible"]\nreason = "No."\n'
        'source = "made_up"\n'
    )
    (tmp_path / "us-tx-example.toml").write_text(text + bar)
    (found,) = compliance.read_law("us-tx-example", tmp_path).at(TODAY).tender_bars
    assert (found.rule.id, *found.tenders, *found.classes) == ("tenders.prepaid", "cash", "edible")


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client, "pm_card_chargeCustomerFail")


async def test_a_shop_that_takes_no_cash_says_so_before_and_at_the_order(trade: Trade) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000)
    await trade.db.fetch("UPDATE shop SET tenders = '{card,fs_coin}'")
    shown = (await trade.client.get("/api/shop")).json()
    assert shown["tenders"] == ["card", "fs_coin"]
    refused = await trade.try_order((haze, 1), tender="cash")
    assert (refused.status_code, refused.json()["code"]) == (422, "TENDER_NOT_ALLOWED")
    assert refused.json()["because"] == "shop"
    assert "does not take cash" in refused.json()["error"]
    quote = await trade.client.post(
        "/api/orders/quote", json=trade.shopper.order("cash"), headers=trade.shopper.headers
    )
    assert [problem["code"] for problem in quote.json()["problems"]] == ["TENDER_NOT_ALLOWED"]
    assert (await trade.try_order()).status_code == 201


async def test_a_product_that_bars_cards_names_itself(trade: Trade) -> None:
    haze = await make_product(trade.db, "Barton Haze", price_cents=4000, barred_tenders=["card"])
    refused = await trade.try_order((haze, 1))
    assert (refused.status_code, refused.json()["because"]) == (422, "product")
    assert "Barton Haze cannot be paid by card" in refused.json()["error"]
    assert (await trade.try_order(tender="cash")).status_code == 201


async def test_another_way_after_a_decline_is_judged_too(trade: Trade) -> None:
    haze = await make_product(trade.db, "Barton Haze", price_cents=4000, barred_tenders=["cash"])
    declined = await trade.try_order((haze, 1), tender="pm_card_chargeCustomerFail")
    assert declined.status_code == 402
    url = f"/api/orders/{declined.json()['orderId']}/confirm-payment"
    refused = await trade.client.post(
        url,
        json={"paymentMethodId": str(trade.shopper.methods["cash"])},
        headers=trade.shopper.headers,
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "TENDER_NOT_ALLOWED")
    assert await trade.db.fetchval("SELECT status FROM orders") == "payment_failed"


async def test_an_expired_card_is_refused_before_anything_is_reserved(trade: Trade) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, stock=5)
    await trade.db.fetch("UPDATE payment_methods SET expires_at = '2026-01-31' WHERE type = 'card'")
    refused = await trade.try_order((haze, 1))
    assert (refused.status_code, refused.json()["code"]) == (402, "PAYMENT_FAILED")
    assert refused.json()["declineCode"] == "expired_card"
    assert await trade.db.fetchval("SELECT count(*) FROM orders") == 0
    assert await trade.db.fetchval("SELECT count(*) FROM payment_intents") == 0
