"""The receipt: who gets it, what is on it and what is not, in each of its formats."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pypdfium2  # type: ignore[import-untyped]  # it has none
import pytest

from factories.catalog import make_product
from factories.delivery import id_check, make_order
from factories.identity import SignedInPerson, signed_in
from factories.road import Road
from factories.strict import COMPLETION, RECEIPT, make_strict
from factories.trade import Trade, open_trade
from faded_skies.bootstrap import Application
from faded_skies.domains.delivery import rules
from faded_skies.domains.delivery.schemas.papers import ReceiptAnswer
from faded_skies.platform.actor import Role
from faded_skies.platform.ids import new_id


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client)


async def receipt(
    client: httpx.AsyncClient, who: SignedInPerson | Any, order_id: object, accept: str | None = None
) -> httpx.Response:
    headers = who.headers | ({} if accept is None else {"Accept": accept})
    return await client.get(f"/api/orders/{order_id}/receipt", headers=headers)


async def test_a_receipt_states_every_tax_and_every_sum(trade: Trade) -> None:
    product_id = await make_product(trade.db, price_cents=3500, stock=5)
    order = await trade.order((product_id, 2), tender="cash", tip=2)
    handed = await trade.deliver(order, cash=200)
    answer = await receipt(trade.client, trade.shopper, order["id"])
    ReceiptAnswer.model_validate_json(answer.content)
    told = answer.json()["receipt"]
    content = told["content"]
    assert (told["title"], told["missing"]) == ("Receipt", [])
    assert content["retailer"] == {"name": "Faded Skies", "license_no": "TX-1"}
    assert content["order"] == {"number": order["orderNumber"], "status": "delivered"}
    assert [(tax["name"], tax["amount"]) for tax in content["taxes"]] == [
        (step["name"], step["amount"]) for step in order["taxes"]["breakdown"]
    ]
    totals = content["totals"]
    assert (totals["subtotal"], totals["tax"], totals["delivery_fee"], totals["tip"]) == (
        70,
        order["taxAmount"],
        5,
        2,
    )
    assert (totals["total"], content["total_paid"]) == (order["totalAmount"], order["totalAmount"])
    (item,) = content["items"]
    assert (item["units"], item["unit_price"], item["price"]) == (2, 35, 70)
    assert handed["deliveredAt"].startswith(content["delivered_at"][:19])
    number = trade.shopper.id.hex[-10:].upper()
    assert content["customer"] == {"first_name": "Maya", "no": number, "signature": None}
    for private in ("Okafor", trade.shopper.email, ") 555-"):
        assert private not in answer.text

    assert (await trade.refund(order, amount=1.5)).status_code == 200
    again = (await receipt(trade.client, trade.shopper, order["id"])).json()["receipt"]["content"]
    assert [one["amount"] for one in again["refunds"]] == [1.5]


async def test_who_may_see_it(road: Road) -> None:
    order_id = await road.packed()
    mine = await receipt(road.client, road.customer, order_id)
    assert mine.status_code == 200
    agent = await signed_in(road.app, Role.AGENT)
    for who in (road.driver, road.admin, agent):
        assert (await receipt(road.client, who, order_id)).content == mine.content
    stranger = await signed_in(road.app)
    foreign = await receipt(road.client, stranger, order_id)
    nothing = await receipt(road.client, stranger, new_id())
    assert foreign.status_code == nothing.status_code == 404
    assert foreign.json() == nothing.json()
    assert (await receipt(road.client, road.other, order_id)).status_code == 404
    await road.db.fetch(
        "UPDATE orders SET status = 'pending', hold_expires_at = now() WHERE id = $1", order_id
    )
    early = await receipt(road.client, road.customer, order_id)
    assert (early.status_code, early.json()["code"]) == (409, "INVALID_STATE")


async def test_what_the_law_wants_and_what_is_missing_yet(road: Road, folder: Path) -> None:
    make_strict(road.app, folder, RECEIPT)
    order_id = await road.packed()
    await road.on_the_road(order_id)
    told = (await receipt(road.client, road.customer, order_id)).json()["receipt"]
    assert told["title"] == "Delivery request receipt"
    assert told["missing"] == [
        "driver.employee_no",
        "preparer.employee_no",
        "delivered_at",
        "customer.signature",
    ]
    assert told["content"]["retailer"]["legal_name"] == "Faded Skies"
    await road.staff("PATCH", "settings", {"legalName": "Faded Skies LLC"})
    await road.staff("PUT", f"drivers/{road.driver.id}/papers", {"papers": [], "employeeNo": "E-17"})
    signed = {"idCheck": id_check(), "signature": "M.O."}
    assert (await road.post(f"orders/{order_id}/deliver", signed)).status_code == 200
    told = (await receipt(road.client, road.customer, order_id)).json()["receipt"]
    assert told["missing"] == []
    assert told["content"]["driver"] == {"first_name": "Dana", "employee_no": "E-17"}
    # In this world the driver packs, too.
    assert told["content"]["preparer"] == {"first_name": "Dana", "employee_no": "E-17"}
    assert told["content"]["retailer"]["legal_name"] == "Faded Skies LLC"


async def test_the_record_of_a_handover(road: Road, folder: Path) -> None:
    make_strict(road.app, folder, COMPLETION)
    order_id = await road.packed()
    await road.on_the_road(order_id)
    url = f"/api/admin/orders/{order_id}/completion"
    early = await road.client.get(url, headers=road.admin.headers)
    assert (early.status_code, early.json()["code"]) == (409, "INVALID_STATE")
    assert (await road.post(f"orders/{order_id}/deliver", {"idCheck": id_check()})).status_code == 200
    told = (await road.client.get(url, headers=road.admin.headers)).json()["receipt"]
    assert (told["title"], told["missing"]) == ("Delivery completion", ["items[].package_tag"])
    assert told["content"]["address"] == {"city": "Austin", "county": "Travis County"}
    assert told["content"]["customer"]["class"] == "adult use"
    as_pdf = road.admin.headers | {"Accept": "application/pdf"}
    assert (await road.client.get(url, headers=as_pdf)).content.startswith(b"%PDF-")
    unknown = await road.client.get(f"/api/admin/orders/{new_id()}/completion", headers=road.admin.headers)
    assert unknown.status_code == 404
    for who in (road.customer, road.driver):
        assert (await road.client.get(url, headers=who.headers)).status_code == 403


async def test_each_format(road: Road) -> None:
    order_id = await road.packed()
    await road.db.fetch(
        "UPDATE order_items SET name = '<script>alert(1)</script> & \"Haze\"' WHERE order_id = $1", order_id
    )
    html = await receipt(road.client, road.customer, order_id, "text/html,application/xhtml+xml;q=0.9")
    assert (html.status_code, html.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<script" not in html.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Haze&quot;" in html.text
    assert "@media print" in html.text
    for outside in ("http://", "https://", "src=", "url(", "@import"):
        assert outside not in html.text
    assert "default-src 'none'" in html.headers["content-security-policy"]
    pdf = await receipt(road.client, road.customer, order_id, "application/pdf")
    assert pdf.headers["content-disposition"].startswith('inline; filename="receipt-FS-')
    with pypdfium2.PdfDocument(pdf.content) as document:
        assert "Łucja" in document[0].get_textpage().get_text_bounded()
    assert (await receipt(road.client, road.customer, order_id, "application/pdf")).content == pdf.content
    for accept in ("image/png", "application/json;q=0", "text/plain, image/*"):
        refused = await receipt(road.client, road.customer, order_id, accept)
        assert (refused.status_code, refused.json()["code"]) == (406, "NOT_ACCEPTABLE"), accept
    for easy in (None, "", "*/*", "application/*", "text/html;q=0.5, application/json"):
        answer = await receipt(road.client, road.customer, order_id, easy)
        assert answer.headers["content-type"] == "application/json", easy


async def test_an_older_order_without_packer_or_driver_has_a_receipt(
    app: Application, client: httpx.AsyncClient
) -> None:
    customer = await signed_in(app)
    order_id = await make_order(app, customer.id)
    content = (await receipt(client, customer, order_id)).json()["receipt"]["content"]
    assert (content["driver"], content["retailer"]) == ({"first_name": None, "employee_no": None}, {})
    assert (await receipt(client, customer, order_id, "text/html")).status_code == 200
    assert isinstance(order_id, UUID)


def test_paths_that_lead_to_nothing() -> None:
    tree = {"a": {"b": 1, "c": None}, "list": [{"x": 1}, {"x": ""}], "none": []}
    paths = ["a.b", "a.c", "a.d", "list[].x", "none[].x", "a", "list.x", "a.b.c"]
    assert rules.lacking(tree, paths) == ["a.c", "a.d", "list[].x", "list.x", "a.b.c"]
    assert rules.pick(tree, ["a.b", "list[].x", "nothing.at.all"]) == {
        "a": {"b": 1},
        "list": [{"x": 1}, {"x": ""}],
    }
    assert rules.pick(tree, ["a.b", "a"]) == {"a": tree["a"]}
