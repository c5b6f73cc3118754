"""The people of the demo shop. All of them are invented; 555-01xx numbers belong to nobody."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

PASSWORD = "Demo-Skies-42!"  # noqa: S105 - printed at every start; it opens nothing but the demo shop
"""Signs in every demo person."""

DOMAIN = "demo.fadedskies.example"


@dataclass(frozen=True, slots=True)
class Address:
    line1: str
    city: str
    zip_code: str
    latitude: float
    longitude: float
    instructions: str | None = None
    state: str = "TX"


@dataclass(frozen=True, slots=True)
class Car:
    make: str
    model: str
    colour: str
    plate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    role: Literal["customer", "driver", "agent", "admin"]
    email: str
    first_name: str
    last_name: str
    phone: str
    date_of_birth: date
    address: Address | None = None
    """Where a customer's orders go."""
    car: Car | None = None
    """What a driver drives."""


_CUSTOMERS = (
    ("Maya", "Okafor", date(1991, 4, 12),
     Address("2417 Kinney Ave", "Austin", "78704", 30.2478, -97.7689, "Blue door, up the side steps.")),
    ("Daniel", "Reyes", date(1986, 9, 3),
     Address("4108 Duval St", "Austin", "78751", 30.3046, -97.7262)),
    ("Priya", "Raman", date(1994, 1, 27),
     Address("5316 Avenue G", "Austin", "78751", 30.3146, -97.7214)),
    ("Wesley", "Tran", date(1989, 11, 8),
     Address("1923 E 12th St", "Austin", "78702", 30.2737, -97.7193, "Please ring twice.")),
    ("Hannah", "Lindqvist", date(1979, 6, 19),
     Address("2809 Manor Rd", "Austin", "78722", 30.2853, -97.7126)),
    ("Marcus", "Bell", date(1983, 2, 14),
     Address("1204 Holly St", "Austin", "78702", 30.2542, -97.7288)),
    ("Sofia", "Delgado", date(1996, 7, 30),
     Address("3217 Webberville Rd", "Austin", "78702", 30.2672, -97.7003)),
    ("Owen", "Fitzgerald", date(1975, 12, 1),
     Address("6812 Woodrow Ave", "Austin", "78757", 30.3437, -97.7322)),
    ("Grace", "Nakamura", date(1988, 3, 22),
     Address("7415 Shoal Creek Blvd", "Austin", "78757", 30.3575, -97.7404, "Dog is loud but kind.")),
    ("Luis", "Aguilar", date(1992, 10, 17),
     Address("3606 Far West Blvd", "Austin", "78731", 30.3563, -97.7617)),
    ("Nora", "Whitfield", date(1969, 5, 5),
     Address("2211 Exposition Blvd", "Austin", "78703", 30.2946, -97.7680)),
    ("Terrence", "Coleman", date(1981, 8, 25),
     Address("1609 Enfield Rd", "Austin", "78703", 30.2826, -97.7589)),
    ("Isabel", "Moreno", date(1998, 2, 9),
     Address("813 W Mary St", "Austin", "78704", 30.2489, -97.7601)),
    ("Ravi", "Chandra", date(1990, 6, 11),
     Address("2304 Bluebonnet Ln", "Austin", "78704", 30.2461, -97.7733)),
    ("Caroline", "Hughes", date(1972, 9, 28),
     Address("6507 Menchaca Rd", "Austin", "78745", 30.2087, -97.8049)),
    ("Jamal", "Washington", date(1987, 4, 4),
     Address("8604 Westgate Blvd", "Austin", "78745", 30.1905, -97.8229)),
    ("Emily", "Kowalski", date(1995, 12, 20),
     Address("9207 Brodie Ln", "Austin", "78748", 30.1938, -97.8428, "Gate code is on the order.")),
    ("Victor", "Nguyen", date(1984, 7, 7),
     Address("7011 Convict Hill Rd", "Austin", "78749", 30.2178, -97.8745)),
    ("Leah", "Abrams", date(1978, 1, 16),
     Address("3903 Davis Ln", "Austin", "78749", 30.1993, -97.8420)),
    ("Andre", "Baptiste", date(1993, 5, 24),
     Address("1812 Wickersham Ln", "Austin", "78741", 30.2316, -97.7166)),
    ("Katie", "Sorensen", date(1999, 3, 13),
     Address("2605 Montopolis Dr", "Austin", "78741", 30.2213, -97.7030)),
    ("Gabriel", "Santos", date(1985, 10, 31),
     Address("11416 Metric Blvd", "Austin", "78758", 30.3938, -97.7058)),
    ("Monique", "Dupree", date(1982, 8, 2),
     Address("2120 Gracy Farms Ln", "Austin", "78758", 30.3990, -97.7085)),
    ("Peter", "Vogel", date(1966, 11, 11),
     Address("9803 Great Hills Trl", "Austin", "78759", 30.3961, -97.7558)),
    ("Aaliyah", "Brooks", date(1997, 6, 6),
     Address("11005 Jollyville Rd", "Austin", "78759", 30.4103, -97.7498)),
    ("Henry", "Castillo", date(1974, 2, 26),
     Address("4516 Spicewood Springs Rd", "Austin", "78759", 30.3697, -97.7622)),
    ("Simone", "Laurent", date(1990, 9, 15),
     Address("6214 Berkman Dr", "Austin", "78723", 30.3143, -97.6916)),
    ("Ethan", "Park", date(1994, 4, 18),
     Address("1907 Aldrich St", "Austin", "78723", 30.2975, -97.7058, "Third floor, lift on the left.")),
    ("Rosa", "Villarreal", date(1971, 7, 21),
     Address("905 Rutland Dr", "Austin", "78758", 30.3696, -97.7003)),
    ("Callum", "Murray", date(1988, 12, 12),
     Address("84 Rainey St", "Austin", "78701", 30.2592, -97.7385)),
    ("Bianca", "Romano", date(1992, 1, 8),
     Address("1114 W 5th St", "Austin", "78703", 30.2714, -97.7561)),
    ("Samuel", "Adeyemi", date(1980, 5, 29),
     Address("1315 Sam Bass Rd", "Round Rock", "78681", 30.5213, -97.6988)),
    ("Jessica", "Turner", date(1991, 8, 14),
     Address("2708 Gattis School Rd", "Round Rock", "78664", 30.4962, -97.6441)),
    ("Miguel", "Fuentes", date(1977, 3, 3),
     Address("612 E Main St", "Round Rock", "78664", 30.5088, -97.6718)),
    ("Hye-jin", "Lee", date(1996, 10, 23),
     Address("3104 Forest Creek Dr", "Round Rock", "78664", 30.5148, -97.6237)),
    ("Douglas", "Pruitt", date(1962, 6, 27),
     Address("2015 Cypress Creek Rd", "Cedar Park", "78613", 30.4921, -97.8217)),
    ("Anjali", "Mehta", date(1989, 2, 2),
     Address("708 Buttercup Creek Blvd", "Cedar Park", "78613", 30.4994, -97.8289)),
    ("Frank", "Giordano", date(1958, 9, 9),
     Address("1422 Lohmans Crossing Rd", "Lakeway", "78734", 30.3637, -97.9697,
             "Second gate past the bend.")),
    ("Charlotte", "Ames", date(1976, 4, 30),
     Address("316 Westlake Dr", "West Lake Hills", "78746", 30.2956, -97.8052)),
    ("Tobias", "Keller", date(1984, 11, 19),
     Address("2907 Rollingwood Dr", "Rollingwood", "78746", 30.2749, -97.7866)),
)  # fmt: skip

_DRIVERS = (
    ("Jonah", "Pierce", date(1990, 3, 9), Car("Toyota", "Corolla Hybrid", "silver", "FDS 4207")),
    ("Lucia", "Herrera", date(1987, 8, 19), Car("Honda", "Insight", "white", "FDS 4211")),
    ("Kwame", "Mensah", date(1993, 1, 5), Car("Kia", "Niro", "grey", "FDS 4218")),
    ("Erin", "Gallagher", date(1985, 5, 27), Car("Hyundai", "Ioniq", "blue", "FDS 4223")),
    ("Dmitri", "Volkov", date(1981, 12, 15), Car("Chevrolet", "Bolt", "black", "FDS 4230")),
    ("Thuy", "Pham", date(1995, 7, 2), Car("Nissan", "Leaf", "white", "FDS 4236")),
    ("Carlos", "Benavides", date(1978, 10, 10), Car("Ford", "Maverick", "green", "FDS 4245")),
    ("Imani", "Rhodes", date(1991, 6, 16), Car("Subaru", "Crosstrek", "red", "FDS 4252")),
)


def _email(role: str, number: int) -> str:
    """The first of a role has the plain address, so that it is easy to remember."""
    return f"{role}@{DOMAIN}" if number == 1 else f"{role}-{number:02}@{DOMAIN}"


def _phone(line: int) -> str:
    return f"(512) 555-01{line:02}"


CUSTOMERS = tuple(
    Person(
        role="customer",
        email=_email("customer", number),
        first_name=first_name,
        last_name=last_name,
        phone=_phone(number),
        date_of_birth=born,
        address=address,
    )
    for number, (first_name, last_name, born, address) in enumerate(_CUSTOMERS, start=1)
)

DRIVERS = tuple(
    Person(
        role="driver",
        email=_email("driver", number),
        first_name=first_name,
        last_name=last_name,
        phone=_phone(60 + number),
        date_of_birth=born,
        car=car,
    )
    for number, (first_name, last_name, born, car) in enumerate(_DRIVERS, start=1)
)

AGENT = Person(
    role="agent",
    email=_email("agent", 1),
    first_name="Robin",
    last_name="Castellanos",
    phone=_phone(80),
    date_of_birth=date(1986, 2, 18),
)

ADMIN = Person(
    role="admin",
    email=_email("admin", 1),
    first_name="Alex",
    last_name="Harlow",
    phone=_phone(90),
    date_of_birth=date(1979, 9, 23),
)

PEOPLE = (*CUSTOMERS, *DRIVERS, AGENT, ADMIN)
