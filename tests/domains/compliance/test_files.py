"""Rule files: every one of ours is right, and each mistake is named with its line."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from factories.law import EVERYTHING, EXAMPLE, NOW, all_of, book_of, order
from faded_skies.domains.compliance import service
from faded_skies.domains.compliance.rules.days import business_day
from faded_skies.domains.compliance.service import (
    Line,
    Outcome,
    Place,
    judge_order,
    outcome_of,
    rules_of,
    taxes,
)
from faded_skies.domains.compliance.service.reading import FOLDER
from faded_skies.rules_command import rules

CLASSES = [
    "flower",
    "preroll",
    "vape",
    "concentrate",
    "edible",
    "beverage",
    "tincture",
    "topical",
    "plant",
    "accessory",
]
TOWNS = ["Austin", "Los Angeles", "Denver", "Boston", "Detroit", "Las Vegas", "Newark", "Albany"]


def mistakes_of(folder: Path) -> list[str]:
    _, mistakes = service.check("us-tx-example", folder)
    return [str(mistake) for mistake in mistakes]


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if words in line)


def test_all_of_ours_are_right_and_the_command_says_so() -> None:
    result = CliRunner().invoke(rules, ["check"])
    assert result.exit_code == 0, result.output
    assert (
        [told.partition(":")[0] for told in result.output.splitlines()]
        == EVERYTHING
        == service.jurisdictions()
    )


@pytest.mark.parametrize("jurisdiction", EVERYTHING)
def test_what_nobody_could_verify_says_so(jurisdiction: str) -> None:
    law = service.read_law(jurisdiction)
    for version in law.versions:
        for book in (version.book, *version.towns.values()):
            for rule in rules_of(book):
                assert rule.grade in {"P", "S", "W", "U", "example"}
                assert rule.unverified or rule.grade in {"P", "S", "example"}
                assert rule.seen <= business_day(book, NOW)
                assert f"grade {rule.grade}" in rule.source or rule.id == "jurisdiction"


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        (
            "fictional = true",
            'fictional = true\nmotto = "x"',
            'motto = "x"',
            "motto: Extra inputs are not permitted",
        ),
        ('rate = "0.15"', "rate = 0.15", "rate = 0.15", "a binary fraction would not be exact"),
        ('rate = "0.15"', 'rate = "15"', 'rate = "15"', "less than or equal to 1"),
        ("min_age = 21\nsource", "min_age = 12\nsource", "min_age = 12", "greater than or equal to 18"),
        ('timezone = "America/Chicago"', 'timezone = "Texas"', 'timezone = "Texas"', "no such time zone"),
        (
            'id = "us-tx-example"',
            'id = "us-tx-other"',
            'id = "us-tx-other"',
            "the file's name says us-tx-example",
        ),
        ("max = 15_000 }", "max = 0 }", "caps = [", "greater than 0"),
        (
            'bucket = "infused", label',
            'bucket = "infuse", label',
            "caps = [",
            "nothing is classified into the bucket",
        ),
        (
            'signature = "none"\nsource = "guide"',
            'signature = "none"\nsource = "gide"',
            'source = "gide"',
            "gide is not among the [sources]",
        ),
        (
            'base = ["cannabis_price"]',
            'base = ["cannabis_price", "tax:local"]',
            'base = ["cannabis_price", "tax:local"]',
            "tax:local is no earlier step",
        ),
        ('base = ["cannabis_price"]', 'base = ["price"]', 'base = ["price"]', "price is no base"),
        ('grade = "example" }', 'grade = "A" }', "guide = {", "Input should be"),
        ("[retention]", "[retension]", "[retension]", "Extra inputs are not permitted"),
        (
            'class = "vape"\nbucket = "concentrate"',
            'class = "vape"\nbucket = "concentrated"',
            'bucket = "concentrated"',
            "no limit caps concentrated",
        ),
        ('label = "Plants", unit = "count"', 'label = "Plants", unit = "mg"', "caps = [", "counted in count"),
        (
            'base = ["cannabis_price"]',
            'base = ["cannabis_price", "cannabis_price"]',
            'base = ["cannabis_price", "cannabis_price"]',
            "named twice",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, where: str, words: str) -> None:
    text = EXAMPLE.replace(old, new, 1)
    assert text != EXAMPLE
    (tmp_path / "us-tx-example.toml").write_text(text)
    found = mistakes_of(tmp_path)
    number = line_of(text, where)
    assert any(told.startswith(f"us-tx-example.toml:{number}: ") and words in told for told in found), found


def test_a_text_that_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "us-tx-example.toml").write_text(EXAMPLE.replace("[handover]", "[handover"))
    (told,) = mistakes_of(tmp_path)
    assert told.startswith(f"us-tx-example.toml:{line_of(EXAMPLE, '[handover]')}: ")


HOURS = '[[hours]]\nid = "late"\napplies_to = ["handover"]\nopens = "{}"\ncloses = "{}"\nsource = "guide"\n'


@pytest.mark.parametrize(
    ("opens", "closes", "words"),
    [
        ("22:00", "06:00", "closes before it opens"),
        ("6:00", "22:00", 'write a local time as "HH:MM"'),
        ("06:00", "24:01", "1440"),
    ],
)
def test_hours_that_are_none(tmp_path: Path, opens: str, closes: str, words: str) -> None:
    (tmp_path / "us-tx-example.toml").write_text(f"{EXAMPLE}\n{HOURS.format(opens, closes)}")
    assert any(words in told for told in mistakes_of(tmp_path))


def write_town(folder: Path, words: str, *, extends: str = "us-tx-example") -> str:
    (folder / "us-tx-example").mkdir()
    (folder / "us-tx-example.toml").write_text(EXAMPLE)
    text = (
        f'schema = 1\nextends = "{extends}"\n[jurisdiction]\nid = "us-tx-example/austin"\nname = "Austin"\n'
        f'level = "city"\ntowns = ["Austin"]\nreviewed_on = 2026-11-23\n[sources]\n{words}'
    )
    (folder / "us-tx-example" / "austin.toml").write_text(text)
    return text


LOOSE_DOOR = """[handover]
id_types = ["passport"]
must_be_unexpired = false
same_person = true
signature = "none"
source = "guide"
"""
OTHER_TAX = """[[tax]]
id = "state"
name = "x"
kind = "local"
rate = "0.01"
base = ["cannabis_price"]
source = "guide"
"""


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ('[adult_use]\nmin_age = 20\nsource = "guide"\n', "min_age"),
        (
            '[tenders]\nallowed = ["cash", "card", "apple_pay", "google_pay", "fs_coin"]\nsource = "guide"\n',
            "",
        ),
        ('[trip]\ndriver_min_age = 18\nsource = "guide"\n', "driver_min_age"),
        (LOOSE_DOOR, "must_be_unexpired"),
        ('[privacy]\nid_image = "allowed"\nid_image_days = 31\nsource = "guide"\n', "id_image_days"),
        ('[retention]\nrecords_days = 10\nsource = "guide"\n', "records_days"),
        ('[address]\nmunicipalities = ["Austin", "Houston"]\nsource = "guide"\n', "municipalities"),
        (OTHER_TAX, 'id = "state"'),
        ('[[tax_rate]]\nid = "nothing"\nrate = "0.01"\nsource = "guide"\n', 'id = "nothing"'),
    ],
)
def test_a_town_may_only_be_stricter(tmp_path: Path, words: str, where: str) -> None:
    text = write_town(tmp_path, words)
    found = mistakes_of(tmp_path)
    if not where:
        assert found == []
        return
    assert any(told.startswith(f"us-tx-example/austin.toml:{line_of(text, where)}: ") for told in found), (
        found
    )


def test_a_town_of_another_state_is_no_town_of_this_one(tmp_path: Path) -> None:
    write_town(tmp_path, "", extends="us-ca")
    assert mistakes_of(tmp_path) == [
        "us-tx-example/austin.toml:2: it lies beside us-tx-example.toml, but extends us-ca"
    ]


def test_the_digest_is_of_every_byte_and_a_fingerprint_of_one_rule(tmp_path: Path) -> None:
    (tmp_path / "us-tx-example.toml").write_text(EXAMPLE)
    before = service.read_law("us-tx-example", tmp_path)
    (tmp_path / "us-tx-example.toml").write_text(EXAMPLE.replace('rate = "0.15"', 'rate = "0.16"'))
    after = service.read_law("us-tx-example", tmp_path)
    assert before.at(NOW).digest != after.at(NOW).digest
    assert set(before.files) == {before.at(NOW).digest}
    old = {rule.id: rule.fingerprint for rule in rules_of(before.at(NOW))}
    changed = {rule.id for rule in rules_of(after.at(NOW)) if rule.fingerprint != old[rule.id]}
    assert changed == {"tax.excise", "jurisdiction"}


def test_a_fictional_file_counts_in_production_only_when_it_is_acknowledged() -> None:
    book = service.read_law("us-tx-example", fictional_counts=False).at(NOW)
    assert outcome_of(judge_order(book, order(), frozenset())) is Outcome.NEEDS_ACKNOWLEDGEMENT
    assert outcome_of(judge_order(book, order(), frozenset({"jurisdiction"}))) is Outcome.ALLOW


def test_a_later_file_takes_effect_on_its_day(tmp_path: Path) -> None:
    (tmp_path / "us-tx-example.toml").write_text(EXAMPLE)
    later = EXAMPLE.replace("fictional = true", "fictional = true\neffective_from = 2026-11-28").replace(
        "min_age = 21\nsource", "min_age = 22\nsource"
    )
    (tmp_path / "us-tx-example.2026-11-28.toml").write_text(later)
    law = service.read_law("us-tx-example", tmp_path)
    ages = [
        law.at(NOW.replace(day=28, hour=hour)).min_age for hour in (5, 6)
    ]  # midnight in Texas is 06:00 UTC
    assert ages == [21, 22]
    assert len(law.files) == 2


carts = st.lists(
    st.builds(
        Line,
        product_class=st.sampled_from(CLASSES),
        quantity=st.integers(1, 5),
        total_cents=st.integers(1, 500_000),
        net_weight_mg=st.integers(0, 30_000),
        thc_mg=st.integers(0, 1_000),
    ),
    max_size=8,
)
fees = st.integers(0, 2_000)
BOOKS = {(name, town): book_of(name, town=town) for name in EVERYTHING for town in TOWNS}


@given(st.sampled_from(sorted(BOOKS)), carts, fees)
def test_in_every_state_the_parts_are_the_whole(where: tuple[str, str], cart: list[Line], fee: int) -> None:
    book = BOOKS[where]
    found = taxes(book, cart, city=where[1], fees={"delivery_fee": fee})
    for tax in found:
        assert sum(tax.shares_cents) == tax.amount_cents >= 0
        assert abs(tax.base_cents * tax.rate - tax.amount_cents) <= 1
        assert all(share >= 0 for share in tax.shares_cents)
    turned = taxes(book, cart[::-1], city=where[1])
    straight = taxes(book, cart, city=where[1])
    if not any(name.startswith("tax:") for step in book.taxes for name in step.base):
        assert [tax.amount_cents for tax in turned] == [tax.amount_cents for tax in straight]


@given(st.sampled_from(["Los Angeles", "Denver"]), carts, st.integers(0, 47))
def test_a_town_never_allows_what_its_state_denies(town: str, cart: list[Line], half_hours: int) -> None:
    state = "us-ca" if town == "Los Angeles" else "us-co"
    now = NOW.replace(hour=half_hours // 2, minute=half_hours % 2 * 30)
    facts = order(now=now, place=Place(town, state[-2:].upper()), cart=cart)
    base, own = book_of(state, now=now), book_of(state, town=town, now=now)
    if outcome_of(judge_order(own, facts, all_of(own))) is Outcome.ALLOW:
        assert outcome_of(judge_order(base, facts, all_of(base))) is Outcome.ALLOW


def test_ours_lie_where_they_are_read() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == EVERYTHING
