"""What leaves the shop of its events: ids, times, numbers and closed words; the page for receivers says the same."""

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from faded_skies import registry
from faded_skies.domains.orders.events import OrderMoved
from faded_skies.domains.payments.events import PaymentAnswered
from faded_skies.domains.payments.rules import ChargeStatus
from faded_skies.platform import clock
from faded_skies.platform.events import Event
from faded_skies.platform.ids import new_id
from faded_skies.platform.outward import open_fields, outgoing, subject_of, type_of, wire_name

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
AT_HOME = {"client_secret", "decline_code", "external_id", "message", "note", "code", "reason"}
"""Fields that hold what people or vendors wrote; `reason` leaves only where it is one of ours."""


def kinds() -> Iterator[type[Event]]:
    assert registry.HOT_PATHS  # who imports the table of contents has every event
    yield from sorted(Event.__subclasses__(), key=lambda kind: kind.name)


def ours() -> list[type[Event]]:
    return [kind for kind in kinds() if kind.__module__.startswith("faded_skies.")]


@pytest.mark.parametrize("kind", ours(), ids=lambda kind: kind.name)
def test_texts_stay_unless_they_are_named(kind: type[Event]) -> None:
    names = {one.name for one in fields(kind)}
    assert kind.open_texts <= names
    texts = {one.name for one in fields(kind) if one.type in (str, str | None)}
    assert texts & set(open_fields(kind)) == kind.open_texts
    assert AT_HOME.isdisjoint(set(open_fields(kind)) - ({"reason"} & kind.open_texts))


def test_the_page_for_receivers_lists_what_leaves() -> None:
    rows = [
        f"| `{type_of(kind)}` | {', '.join(f'`{wire_name(name)}`' for name in open_fields(kind))} |"
        for kind in ours()
    ]
    listed = [line for line in PAGE.read_text().splitlines() if line.startswith("| `faded-skies.")]
    assert listed == rows


def test_an_event_on_its_way_is_a_cloud_event_about_the_order() -> None:
    event_id, order_id, at = new_id(), new_id(), clock.now()
    event = PaymentAnswered(
        intent_id=new_id(),
        order_id=order_id,
        external_id="pi_3Secret",
        status=ChargeStatus.SUCCEEDED,
        client_secret="pi_3Secret_secret_x",
        decline_code="stolen_card",
        fee_cents=59,
    )
    sent = outgoing(event, event_id=event_id, at=at, source="https://api.shop.example")
    assert (sent.id, sent.name, sent.subject) == (event_id, "payments.payment_answered", order_id)
    body = json.loads(sent.body)
    assert body.pop("time").endswith("Z")
    assert body == {
        "specversion": "1.0",
        "id": str(event_id),
        "source": "https://api.shop.example",
        "type": "faded-skies.payments.payment_answered.v1",
        "subject": str(order_id),
        "datacontenttype": "application/json",
        "data": {
            "intentId": str(event.intent_id),
            "orderId": str(order_id),
            "status": "succeeded",
            "feeCents": 59,
        },
    }


def test_what_the_customer_reads_stays_here() -> None:
    event = OrderMoved(
        order_id=new_id(),
        user_id=new_id(),
        order_number="FS-100001",
        status="delivered",
        message="Handed to Maya",
        moved_at=clock.now(),
    )
    assert subject_of(event) == event.order_id
    sent = outgoing(event, event_id=new_id(), at=clock.now(), source="x")
    assert b"Maya" not in sent.body
    assert json.loads(sent.body)["data"]["orderNumber"] == "FS-100001"
