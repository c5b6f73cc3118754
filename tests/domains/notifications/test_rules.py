"""What letters say, and that nothing a person typed can change how they look."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faded_skies.domains.notifications import rules
from faded_skies.domains.notifications.rules import Letter, Push

ORDER = UUID("0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60")


def lay_out(**changes: Any) -> rules.Email:
    fields: dict[str, Any] = {
        "to": "maya@example.com",
        "subject": "A subject",
        "full_name": "Maya Okafor",
        "paragraphs": ["One.", "Two."],
        "button": "Press",
        "path": "/there",
    }
    return rules.lay_out(Letter(**(fields | changes)), origin="https://shop.example")


def test_the_whole_text_of_a_reset_mail() -> None:
    letter = rules.reset_password(to="maya@example.com", full_name="Maya Okafor", token="t0k3n")
    mail = rules.lay_out(letter, origin="https://shop.example")
    assert (mail.to, mail.subject) == ("maya@example.com", "Choose a new password")
    assert mail.text == (
        "Hello Maya,\n"
        "\n"
        "Somebody asked for a new password for your account. If it was you, choose one within the hour.\n"
        "\n"
        "If it was not you, do nothing: your password stays as it is, and nobody gets in by asking.\n"
        "\n"
        "Choose a new password:\n"
        "https://shop.example/reset-password?token=t0k3n\n"
        "\n"
        "Faded Skies\n"
        "For adults of 21 and over.\n"
    )
    assert mail.html.count('href="https://shop.example/reset-password?token=t0k3n"') == 1


def test_welcome_and_confirmation_lead_to_the_same_place() -> None:
    for write in (rules.welcome, rules.confirm_email):
        letter = write(to="maya@example.com", full_name="Maya", token="t0k3n")
        assert (letter.path, letter.button) == ("/verify-email?token=t0k3n", "Confirm my address")


@pytest.mark.parametrize(
    ("status", "headline", "kind"),
    [
        ("preparing", "We are packing your order", "order_update"),
        ("out_for_delivery", "Your order is on its way", "order_update"),
        ("delivered", "Your order has arrived", "order_delivered"),
        ("returned", "We could not hand over your order", "order_update"),
        ("cancelled", "Your order is cancelled", "order_update"),
        ("payment_failed", "Your payment did not go through", "order_update"),
    ],
)
def test_each_order_status_has_a_letter_and_a_push(status: str, headline: str, kind: str) -> None:
    written = rules.order_status(
        to="maya@example.com",
        full_name="Maya Okafor",
        order_id=ORDER,
        order_number="FS-1001",
        status=status,
        message="As tracking says.",
    )
    assert written is not None
    letter, push = written
    assert letter.subject == f"{headline}: FS-1001"
    assert letter.paragraphs[0] == "As tracking says."
    assert letter.path == f"/orders/{ORDER}"
    assert push == Push(
        headline,
        "FS-1001: As tracking says.",
        {"type": kind, "orderId": str(ORDER), "url": f"/orders/{ORDER}"},
    )


def test_an_order_that_only_waits_is_not_worth_a_message() -> None:
    assert (
        rules.order_status(
            to="m@example.com", full_name="M", order_id=ORDER, order_number="1", status="pending", message=""
        )
        is None
    )


@pytest.mark.parametrize(
    ("full_name", "greeting"),
    [
        ("Maya Okafor", "Hello Maya,"),
        ("Hye-jin Lee", "Hello Hye-jin,"),
        ("D'Arcy Wu", "Hello D'Arcy,"),
        ("Æsa Þórsdóttir", "Hello Æsa,"),
        ("WIN:http://evil.example now", "Hello,"),
        ("evil.example", "Hello,"),
        ("<b>Maya</b>", "Hello,"),
        ("", "Hello,"),
    ],
)
def test_only_plain_names_are_said(full_name: str, greeting: str) -> None:
    mail = lay_out(full_name=full_name)
    assert mail.text.split("\n")[0] == greeting
    assert "evil" not in mail.html


@given(st.text())
@settings(deadline=None)  # the machine may be busy
def test_what_people_typed_is_escaped(typed: str) -> None:
    hostile = f"<script>alert(1)</script>\"'{typed}"
    mail = lay_out(
        paragraphs=[hostile], subject=hostile, button=hostile, path=f"/{hostile}", full_name=hostile
    )
    assert "<script" not in mail.html
    assert mail.html.count("<a ") == 1
    assert hostile in mail.text
