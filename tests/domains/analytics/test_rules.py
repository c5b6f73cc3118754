"""What an event may be, and what is taken out of it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faded_skies.domains.analytics import rules

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ORDER = "0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "email",
            "customerEmail",
            "e_mail",
            "phone",
            "phoneNumber",
            "userId",
            "customer_id",
            "fullName",
            "first_name",
        ),
        *(
            "ip",
            "ipAddress",
            "deliveryAddress",
            "lat",
            "dateOfBirth_dob",
            "documentNumber",
            "cardBrand",
            "accessToken",
        ),
    ],
)
def test_names_that_say_a_person_are_known(name: str) -> None:
    assert rules.says_a_person(name)


@pytest.mark.parametrize(
    "name", ["page", "referrer", "product_id", "itemName", "category", "position", "shipping", "tip", "flat"]
)
def test_names_that_say_a_thing_are_left(name: str) -> None:
    assert not rules.says_a_person(name)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/products?search=haze&email=maya@example.org#top", "/products"),
        (f"https://shop.example/orders/{ORDER}/tracking", "https://shop.example/orders/:id/tracking"),
        (f"/reset/{'a1' * 30}", "/reset/(taken out)"),
        ("written to maya.okafor@example.org today", "written to (taken out) today"),
        ("50%40off at 3@5", "50%40off at 3@5"),
        ("a@b.c@d.e", "(taken out)"),
        ("/u/maya%40example.org", "/u/(taken out)"),
        ("call (512) 555-0134", "call (taken out)"),
        ("4242 4242 4242 4242", "(taken out)"),
        (ORDER, ORDER),
        ("Barton Haze 3.5 g", "Barton Haze 3.5 g"),
        ("2026-11-28", "2026-11-28"),
    ],
)
def test_texts_lose_what_tells_a_person(text: str, left: str) -> None:
    assert rules.cleaned({"text": text, "count": 5125550134}) == {"text": left, "count": 5125550134}


@settings(max_examples=50)
@given(st.text(max_size=80))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = rules.cleaned({"text": text})
    assert rules.cleaned(once) == once


words = st.lists(st.text("ab1=:,;()%.-/é", max_size=8), max_size=3).map(" ".join)


@given(words, st.emails(), words, st.sampled_from(["@", "%40"]), st.sampled_from([" ", "/", "\n", ""]))
def test_mails_are_taken_out_of_whatever_is_around_them(
    before: str, mail: str, after: str, at: str, between: str
) -> None:
    written = mail.replace("@", at)
    left = str(rules.cleaned({"text": f"{before}{between}{written}{between}{after}"})["text"])
    assert at not in left


@pytest.mark.parametrize("times", [166, 50_000, 100_000])
@pytest.mark.parametrize("part", ["%40", "@", "a%40", "a@a", "a.", "é", "1a ", "1-1-", "(((", "a-b:", "tel "])
def test_hostile_texts_of_any_length_are_cleaned(part: str, times: int) -> None:
    text = part * times
    assert rules.cleaned({"text": text}) == {"text": text}
    assert rules.cleaned({"text": f"{text} a@b.c 5125550134"}) == {"text": f"{text} (taken out) (taken out)"}


def test_a_batch_of_hostile_texts_is_cleaned() -> None:
    hostile = {f"p{n}": "%40" * (rules.MOST_TEXT // 3) for n in range(rules.MOST_PROPERTIES)}
    for _ in range(rules.MOST_EVENTS):
        assert rules.cleaned(hostile) == hostile


@pytest.mark.parametrize("name", ["ga_session", "google_x", "firebase_y", "session_start", "error", "GA_x"])
def test_names_that_vendors_keep_are_reserved(name: str) -> None:
    assert rules.is_reserved(name)
    assert not rules.is_reserved(f"my_{name}")


def test_an_event_has_the_clients_time_within_three_days_and_never_later_than_now() -> None:
    assert rules.moment_of(None, now=NOW) == NOW
    assert rules.moment_of(NOW + timedelta(days=1), now=NOW) == NOW
    earlier = NOW - rules.OLDEST
    assert rules.moment_of(earlier, now=NOW) == earlier
    assert rules.moment_of(earlier - timedelta(seconds=1), now=NOW) is None


@settings(max_examples=20)
@given(st.uuids(), st.uuids())
def test_ids_of_events_are_the_same_for_the_same_event_only(subject: UUID, key: UUID) -> None:
    made = rules.event_id("told", subject, key)
    assert made == rules.event_id("told", subject, key)
    assert (made.version, made.variant) == (8, "specified in RFC 4122")
    others = {rules.event_id("purchase", subject, key), rules.event_id("told", uuid4(), key)}
    assert made not in others


def test_waits_grow_to_an_hour() -> None:
    waits = [rules.wait_after(attempts) for attempts in range(9)]
    assert waits == sorted(waits)
    assert (waits[1], waits[-1]) == (timedelta(minutes=1), timedelta(hours=1))
