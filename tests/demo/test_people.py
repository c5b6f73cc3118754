"""The demo people could sign in, be served, and be delivered to."""

import re
from datetime import date
from itertools import pairwise

from faded_skies.demo.people import ADMIN, AGENT, CUSTOMERS, DRIVERS, PASSWORD, PEOPLE, Person
from faded_skies.platform.geo import METRES_PER_MILE, distance_m

CITIES = {"Austin", "Round Rock", "Cedar Park", "Lakeway", "West Lake Hills", "Rollingwood"}
AUSTIN, ROUND_ROCK = (30.2672, -97.7431), (30.5082, -97.6789)


def test_there_are_enough_of_each_role() -> None:
    assert [len(CUSTOMERS), len(DRIVERS), len(PEOPLE)] == [40, 8, 50]
    assert {person.role for person in CUSTOMERS} == {"customer"}
    assert {person.role for person in DRIVERS} == {"driver"}
    assert (AGENT.role, ADMIN.role) == ("agent", "admin")


def test_the_first_of_each_role_has_the_plain_address() -> None:
    assert CUSTOMERS[0].email == "customer@demo.fadedskies.example"
    assert [CUSTOMERS[1].email, CUSTOMERS[-1].email] == [
        "customer-02@demo.fadedskies.example",
        "customer-40@demo.fadedskies.example",
    ]
    assert [DRIVERS[0].email, DRIVERS[-1].email] == [
        "driver@demo.fadedskies.example",
        "driver-08@demo.fadedskies.example",
    ]
    assert (AGENT.email, ADMIN.email) == ("agent@demo.fadedskies.example", "admin@demo.fadedskies.example")


def test_nobody_shares_an_email_a_phone_or_a_name() -> None:
    assert len({person.email for person in PEOPLE}) == 50
    assert len({person.phone for person in PEOPLE}) == 50
    assert len({(person.first_name, person.last_name) for person in PEOPLE}) == 50


def test_fields_keep_the_rules_of_registration() -> None:
    for person in PEOPLE:
        assert re.fullmatch(r"\(512\) 555-01\d\d", person.phone)
        assert 2 <= len(person.first_name) <= 100
        assert 2 <= len(person.last_name) <= 100


def test_everyone_was_of_age_when_the_shop_was_written() -> None:
    for person in PEOPLE:
        assert date(1950, 1, 1) <= person.date_of_birth <= date(2000, 1, 1)


def test_the_password_satisfies_the_rules() -> None:
    assert len(PASSWORD) >= 8
    for kind in (r"[a-z]", r"[A-Z]", r"[0-9]", r"[!@#$%^&*]"):
        assert re.search(kind, PASSWORD)


def test_every_customer_lives_in_the_service_area() -> None:
    addresses = [customer.address for customer in CUSTOMERS if customer.address]
    assert len(addresses) == 40
    assert len({(address.line1, address.zip_code) for address in addresses}) == 40
    assert {address.city for address in addresses} == CITIES
    for address in addresses:
        here = (address.latitude, address.longitude)
        assert (
            distance_m(*here, *AUSTIN) <= 25 * METRES_PER_MILE
            or distance_m(*here, *ROUND_ROCK) <= 15 * METRES_PER_MILE
        )
        assert re.fullmatch(r"78[67]\d\d", address.zip_code)
        assert re.match(r"\d+ \w", address.line1)
        assert address.state == "TX"


def test_only_customers_have_addresses_and_only_drivers_cars() -> None:
    def having(field: str) -> list[Person]:
        return [person for person in PEOPLE if getattr(person, field)]

    assert having("address") == list(CUSTOMERS)
    assert having("car") == list(DRIVERS)


def test_every_car_has_its_own_plate() -> None:
    plates = sorted(driver.car.plate for driver in DRIVERS if driver.car)
    assert len(plates) == 8
    assert all(a < b for a, b in pairwise(plates))
