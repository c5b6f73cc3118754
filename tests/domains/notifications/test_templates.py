"""Every letter as it leaves, plain and HTML, held against snapshots/.

After a change on purpose: UPDATE_SNAPSHOTS=1 writes them anew; look at what changed before you commit.
"""

import os
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from faded_skies.domains.notifications import rules
from faded_skies.domains.notifications.rules import Letter, Promoted, Purchase, lay_out
from faded_skies.domains.support.rules.transcript import Said, transcript

FOLDER = Path(__file__).with_name("snapshots")
TO: dict[str, Any] = {"to": "maya@example.com", "full_name": "Maya Okafor"}
ORDER: dict[str, Any] = {"order_id": UUID("0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"), "order_number": "FS-1001"}
MESSAGE = "Your order is confirmed."

PURCHASE = Purchase(
    [(2, "Barton Haze 3.5 g", 7000), (1, "Grinder <steel> & co", 2001)],
    9001,
    1793,
    500,
    400,
    11694,
    694,
    11000,
)


def status(name: str) -> Letter:
    written = rules.order_status(**TO, **ORDER, status=name, message="As tracking says.")
    assert written is not None
    return written[0]


def amended() -> Letter:
    written = rules.amendment(
        **TO,
        **ORDER,
        status="open",
        reason="The jar was broken.",
        total_before_cents=11694,
        total_after_cents=9950,
    )
    assert written is not None
    return written[0]


PROMOTED = Promoted(
    UUID(int=7),
    "Twenty percent off",
    "All edibles.\n\nUntil Sunday.",
    "https://shop.example/edibles.jpg",
    ["Faded Skies, licence TX-1", "1 Main St, Austin, TX 78701"],
)

LETTERS: dict[str, Letter] = {
    "welcome": rules.welcome(**TO, token="t0k3n"),
    "welcome_confirmed": rules.welcome_confirmed(**TO),
    "identity_linked": rules.identity_linked(**TO, provider="google"),
    "identity_unlinked": rules.identity_unlinked(**TO, provider="apple"),
    "email_changing": rules.email_changing(**TO),
    "passkey": rules.passkey_changed(**TO, change="added"),
    "confirm_email": rules.confirm_email(**TO, token="t0k3n"),
    "reset_password": rules.reset_password(**TO, token="t0k3n"),
    "password_changed": rules.password_changed(**TO),
    "second_factor": rules.second_factor_changed(**TO, change="turned_on"),
    "invitation": rules.invitation(**TO, role="driver", token="t0k3n"),
    "account_closed": rules.account_closed(**TO),
    "order_confirmed": rules.order_confirmed(**TO, **ORDER, message=MESSAGE, purchase=PURCHASE)[0],
    **{
        f"order_{name}": status(name)
        for name in (
            "preparing",
            "out_for_delivery",
            "delivered",
            "returned",
            "cancelled",
            "payment_failed",
        )
    },
    "order_amendment": amended(),
    "eta_changed": rules.eta_changed(**TO, **ORDER, minutes=25)[0],
    "arrived": rules.arrived(**TO, **ORDER)[0],
    "refund": rules.refunded(**TO, **ORDER, amount_cents=123456, in_cash=False)[0],
    "refund_in_cash": rules.refunded(**TO, **ORDER, amount_cents=5, in_cash=True)[0],
    "id_approved": rules.id_decided(**TO, approved=True, reason=None)[0],
    "id_rejected": rules.id_decided(**TO, approved=False, reason="The photo is blurred.")[0],
    "transcript": transcript(
        **TO,
        ticket_id=UUID(int=7),
        subject="A jar is missing",
        said=[
            Said(
                datetime(2026, 11, 28, 14, 2, tzinfo=UTC), "Maya Okafor", "Where is my order?\n\nFS-1001", 1
            ),
            Said(datetime(2026, 11, 28, 14, 3, tzinfo=UTC), "Lee", "On its way <soon>: " + "x" * 60, 0),
        ],
        earlier=12,
    ),
    "promotion": rules.promotion(PROMOTED, **TO)[0],
    "alarm": rules.alarm(
        **TO, headline="The state refused a report", paragraphs=["FS-1 was refused."], path="/a"
    )[0],
}

# What is never closed (HTML Living Standard §13.1.2).
_VOID = {"meta", "br", "img"}


class _Whole(HTMLParser):
    """Fails on a tag that is not closed in its turn; collects what is linked."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"} and value]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", LETTERS)
def test_each_letter_leaves_as_its_snapshot(name: str) -> None:
    ends = "https://api.shop.example/api/notifications/unsubscribe/t0k3n" if name == "promotion" else None
    mail = lay_out(LETTERS[name], origin="https://shop.example", unsubscribe=ends)
    for suffix, content in ((".txt", f"Subject: {mail.subject}\n\n{mail.text}"), (".html", mail.html)):
        path = FOLDER / f"{name}{suffix}"
        if os.environ.get("UPDATE_SNAPSHOTS"):
            FOLDER.mkdir(exist_ok=True)
            path.write_text(content)
        assert content == path.read_text()


@pytest.mark.parametrize("name", LETTERS)
def test_each_page_is_whole_and_loads_nothing_of_strangers(name: str) -> None:
    mail = lay_out(LETTERS[name], origin="https://shop.example")
    page = _Whole()
    page.feed(mail.html)
    assert page.open == []
    assert all(link.startswith("https://shop.example/") for link in page.links)
    assert mail.html.isascii() or 'charset="utf-8"' in mail.html


def test_no_snapshot_is_left_over() -> None:
    names = {path.stem for path in FOLDER.iterdir()}
    assert names == set(LETTERS)


def test_a_letter_of_an_older_release_is_still_read() -> None:
    kept: dict[str, Any] = {
        "to": "m@example.com",
        "subject": "s",
        "full_name": "M",
        "paragraphs": ["p"],
        "button": "b",
        "path": "/",
    }
    letter = Letter(**kept)
    assert "Hello M," in lay_out(letter, origin="https://shop.example").text
    # And one of ours is read by it, as long as it says nothing new.
    assert rules.kept(letter) == kept
