"""Rule books of the states, and invented ones made of the example by changing its text."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from faded_skies.domains.compliance import service
from faded_skies.domains.compliance.service import (
    DoorFacts,
    Law,
    Line,
    OrderFacts,
    Place,
    RuleBook,
    TripFacts,
)
from faded_skies.domains.compliance.service.reading import FOLDER

NOW = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
EXAMPLE = (FOLDER / "us-tx-example.toml").read_text()
EVERYTHING = ["us-ca", "us-co", "us-ma", "us-mi", "us-nj", "us-nv", "us-ny", "us-tx-example"]


def book_of(jurisdiction: str, *, town: str = "", now: datetime = NOW) -> RuleBook:
    return service.read_law(jurisdiction).of_town(now, town)


def invented(folder: Path, *changes: tuple[str, str], more: str = "") -> Law:
    """Return the example's law with parts of its text replaced and more at its end."""
    text = EXAMPLE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / "us-tx-example.toml").write_text(f"{text}\n{more}")
    return service.read_law("us-tx-example", folder)


def line(
    product_class: str, quantity: int = 1, *, net: int | None = 0, thc: int | None = 0, cents: int = 1000
) -> Line:
    """So many units of a class; net and THC are milligrams of one."""
    return Line(product_class, quantity, cents * quantity, net, thc)


def order(**fields: Any) -> OrderFacts:
    facts: dict[str, Any] = {
        "now": NOW,
        "date_of_birth": date(1990, 5, 17),
        "place": Place("Austin", "TX"),
        "tender": "cash",
        "cart": [line("flower", net=1000)],
        "bought_today": [],
    }
    return OrderFacts(**(facts | fields))


def trip(**fields: Any) -> TripFacts:
    facts: dict[str, Any] = {
        "now": NOW,
        "driver_born_on": date(1990, 5, 17),
        "driver_papers": [],
        "vehicle_enclosed": True,
        "vehicle_papers": [],
        "people": 1,
        "value_cents": 10_000,
        "weight_mg": 10_000,
        "prepaid_cents": 10_000,
        "places": [Place("Austin", "TX")],
    }
    return TripFacts(**(facts | fields))


def door(**fields: Any) -> DoorFacts:
    facts: dict[str, Any] = {
        "now": NOW,
        "document_type": "drivers_license",
        "born_on": date(1990, 5, 17),
        "expires_on": date(2031, 5, 17),
        "name_matches": True,
        "known_birth_date": date(1990, 5, 17),
        "signed": False,
        "deliveries_to_address_today": 0,
        "place": Place("Austin", "TX"),
    }
    return DoorFacts(**(facts | fields))


def all_of(book: RuleBook) -> frozenset[str]:
    """Every rule, acknowledged."""
    return frozenset(rule.id for rule in service.rules_of(book))
