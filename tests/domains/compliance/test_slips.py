"""Slips of the pen in rule files that would change the law in silence: each is refused by name."""

from pathlib import Path
from typing import cast

import pytest

from factories.law import EXAMPLE, NOW, book_of, invented, line
from faded_skies.domains.compliance import service
from faded_skies.domains.compliance.service import Rule, rules_of, taxes
from faded_skies.platform.db import Tx

LIMIT = """[[limit]]
id = "{id}"
mode = "independent"
period = "local_day"
caps = [{{ bucket = "{bucket}", label = "x", unit = "mg", max = 10 }}]
source = "guide"
"""
TAX = """[[tax]]
id = "{id}"
name = "x"
kind = "local"
rate = "0.01"
base = [{base}]
source = "guide"
{more}
"""
RATE = """[[tax_rate]]
id = "state"
rate = "0.01"
source = "{source}"
"""
PAPER = """[[document]]
kind = "{kind}"
title = "x"
event = "trip.depart"
fields = ["{path}"]
source = "guide"
"""
HOURS = """[[hours]]
id = "late"
applies_to = ["handover"]
opens = "08:00"
closes = "{closes}"
source = "guide"
"""
CLASS = """[[classify]]
class = "flower"
bucket = "flower"
measure = "net_mg"
source = "guide"
"""
STAFF = """[trip]
driver_min_age = 21
source = "guide"
staff = [{staff}]
"""


def mistakes_in(folder: Path) -> str:
    _, mistakes = service.check("us-tx-example", folder)
    return "\n".join(map(str, mistakes))


def state(folder: Path, more: str = "", *, text: str = EXAMPLE) -> None:
    (folder / "us-tx-example.toml").write_text(f"{text}\n{more}")


def town(folder: Path, words: str, *, name: str = "austin", sources: str = "") -> None:
    (folder / "us-tx-example").mkdir(exist_ok=True)
    (folder / "us-tx-example" / f"{name}.toml").write_text(
        f'schema = 1\nextends = "us-tx-example"\n[jurisdiction]\nid = "us-tx-example/{name}"\nname = "{name}"\n'
        f'level = "city"\ntowns = ["Austin"]\nreviewed_on = 2026-11-23\n[sources]\n{sources}\n{words}'
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (LIMIT.format(id="adult", bucket="flower"), "adult holds twice"),
        (TAX.format(id="excise", base='"cannabis_price"', more=""), "excise holds twice"),
        (CLASS, "flower into flower holds twice"),
        (
            PAPER.format(kind="manifest", path="driver.licence_no"),
            "driver.licence_no is nothing that we can put",
        ),
        (
            PAPER.format(kind="receipt", path="driver.license_no"),
            "driver.license_no is nothing that we can put",
        ),
        (PAPER.format(kind="receipt", path="items.name"), "items.name is nothing that we can put"),
        (PAPER.format(kind="manifest", path="trip.id") * 2, "manifest is there already"),
        (HOURS.format(closes="20:75"), "write a local time"),
        (HOURS.format(closes="20:00") + HOURS.format(closes="19:00"), "late holds twice"),
    ],
)
def test_in_a_state(tmp_path: Path, more: str, words: str) -> None:
    state(tmp_path, more)
    found = mistakes_in(tmp_path)
    assert words in found, found


@pytest.mark.parametrize(
    "staff", ["{ people = 2 }, { up_to_cents = 1, people = 1 }", "{ up_to_cents = 500_000, people = 2 }"]
)
def test_crews_that_leave_a_load_out(tmp_path: Path, staff: str) -> None:
    state(tmp_path, text=EXAMPLE.replace("[trip]\n", f"[trip]\nstaff = [{staff}]\n"))
    assert "for all beyond" in mistakes_in(tmp_path)


def test_the_same_rule_on_other_days_is_no_slip(tmp_path: Path) -> None:
    before = EXAMPLE.replace('rate = "0.15"', 'rate = "0.15"\nto = 2026-12-31')
    state(
        tmp_path,
        TAX.format(id="excise", base='"cannabis_price"', more="from = 2027-01-01\nto = 9999-12-31"),
        text=before,
    )
    assert mistakes_in(tmp_path) == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (LIMIT.format(id="town", bucket="flwer"), "nothing is classified into the bucket flwer"),
        (LIMIT.format(id="adult", bucket="flower"), "us-tx-example.toml has one of this name"),
        (
            TAX.format(id="extra", base='"cannabis_price", "tax:exise"', more=""),
            "tax:exise is no earlier step",
        ),
        (RATE.format(source="guide") * 2, "state is there already"),
        (STAFF.format(staff="{ up_to_cents = 400_000, people = 1 }, { people = 2 }"), ""),
        (STAFF.format(staff=""), "trip.staff is looser: the state wants 2 people on board with $5,000.01"),
        (
            STAFF.format(staff="{ up_to_cents = 600_000, people = 1 }, { people = 2 }"),
            "trip.staff is looser: the state wants 2 people on board with $6,000.00",
        ),
        (
            '[positions]\nlive_to_customer = false\nhistory_days = 7\nsource = "guide"\n',
            "positions.history_days is looser: the state wants 30 days",
        ),
    ],
)
def test_in_a_town(tmp_path: Path, words: str, told: str) -> None:
    crew = "staff = [{ up_to_cents = 500_000, people = 1 }, { people = 2 }]"
    state(tmp_path, '[local]\ntaxes = ["extra"]\n', text=EXAMPLE.replace("[trip]\n", f"[trip]\n{crew}\n"))
    town(tmp_path, words)
    found = mistakes_in(tmp_path)
    assert told in found if told else not found, found


def test_a_local_tax_that_its_state_taxes_is_taken_before_that(tmp_path: Path) -> None:
    taxed = EXAMPLE.replace('base = ["cannabis_price"]', 'base = ["cannabis_price", "tax:extra"]')
    state(tmp_path, '[local]\ntaxes = ["extra"]\n', text=taxed)
    town(tmp_path, TAX.format(id="extra", base='"cannabis_price"', more=""))
    assert 'add before = "excise"' in mistakes_in(tmp_path)
    town(tmp_path, TAX.format(id="extra", base='"cannabis_price"', more='before = "excise"'))
    assert mistakes_in(tmp_path) == ""


def test_one_town_has_one_file(tmp_path: Path) -> None:
    state(tmp_path)
    town(tmp_path, "")
    town(tmp_path, "", name="travis")
    assert "Austin has the rules of us-tx-example/austin.toml" in mistakes_in(tmp_path)


def test_a_towns_source_does_not_vouch_for_what_its_state_could_not_verify(tmp_path: Path) -> None:
    unsure = 'source = "guide"\nstatus = "unverified"\n'
    text = EXAMPLE.replace(
        'base = ["cannabis_price", "other_goods_price"]\nsource = "guide"\n',
        f'base = ["cannabis_price", "other_goods_price"]\n{unsure}',
    ).replace('barred_kinds = ["school"]\nsource = "guide"\n', f'barred_kinds = ["school"]\n{unsure}')
    state(tmp_path, text=text)
    code = 'code = { ref = "City Code 1", seen = 2026-11-23, grade = "P" }'
    place = '[address]\nbarred_kinds = ["church"]\nsource = "code"\n'
    town(tmp_path, place + RATE.format(source="code"), sources=code)
    law = service.read_law("us-tx-example", tmp_path)
    open_questions = {rule.id for rule in rules_of(law.of_town(NOW, "Austin")) if rule.unverified}
    assert {"tax.state", "places"} <= open_questions


def test_a_towns_rate_that_is_not_verified_says_so(tmp_path: Path) -> None:
    state(tmp_path)
    town(tmp_path, RATE.format(source="guide") + 'status = "unverified"\n')
    law = service.read_law("us-tx-example", tmp_path)
    assert "tax.state" in {rule.id for rule in rules_of(law.of_town(NOW, "Austin")) if rule.unverified}


def later(folder: Path, day: str, *, says: str) -> None:
    text = EXAMPLE.replace("fictional = true", f"fictional = true\n{says}").replace(
        "min_age = 21\nsource", "min_age = 22\nsource"
    )
    (folder / f"us-tx-example.{day}.toml").write_text(text)


@pytest.mark.parametrize(
    ("day", "says", "told"),
    [
        ("2027-01-01", "", "the file's name says 2027-01-01"),
        ("2027-01-01", "effective_from = 2027-01-02", "the file's name says 2027-01-01"),
        ("old", "", "the file's name says old"),
        ("2000-01-01", "effective_from = 2000-01-01", "another file takes effect on the same day"),
    ],
)
def test_a_later_file_takes_effect_on_the_day_in_its_name(
    tmp_path: Path, day: str, says: str, told: str
) -> None:
    state(tmp_path)
    later(tmp_path, day, says=says)
    assert told in mistakes_in(tmp_path)


def test_what_an_earlier_file_had_planned_is_over_with_the_later_one(tmp_path: Path) -> None:
    state(tmp_path, text=EXAMPLE.replace('rate = "0.15"', 'rate = "0.15"\nto = 2027-06-30'))
    later(tmp_path, "2027-01-01", says="effective_from = 2027-01-01")
    law = service.read_law("us-tx-example", tmp_path)
    books = [law.at(NOW.replace(year=2027, month=month)) for month in (1, 8)]
    assert [book.min_age for book in books] == [22, 22]
    assert all("excise" in {step.id for step in book.taxes} for book in books)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "us-tx-example.toml").write_bytes(b"\xff\xfe")
    assert mistakes_in(tmp_path) == "us-tx-example.toml:1: it is not text in UTF-8"


class Answered:
    """A database in which an operator has answered for these rules."""

    def __init__(self, *rules: Rule) -> None:
        self._rows = [
            {"rule": one.id, "fingerprint": one.fingerprint, "operator": "x", "acknowledged_at": NOW}
            for one in rules
        ]

    async def fetch(self, *_: object) -> list[dict[str, object]]:
        return self._rows


async def test_each_of_two_rules_of_one_id_has_to_be_answered_for(tmp_path: Path) -> None:
    unsure = 'source = "guide"\nstatus = "unverified"\n'
    first = CLASS.replace('"flower"', '"topical"').replace('source = "guide"\n', unsure)
    second = first.replace('bucket = "topical"', 'bucket = "infused"').replace("net_mg", "thc_mg")
    both = first.replace('bucket = "topical"', 'bucket = "flower"') + second
    book = invented(tmp_path, ('["topical", "accessory"]', '["accessory"]'), more=both).at(NOW)
    one, other = (rule for rule in rules_of(book) if rule.id == "classify.topical")
    assert one.fingerprint != other.fingerprint
    for some in ([], [one], [other]):
        assert await service.acknowledged(cast("Tx", Answered(*some)), book) == frozenset()
    assert await service.acknowledged(cast("Tx", Answered(one, other)), book) == {"classify.topical"}


def test_los_angeles_tax_is_in_the_base_of_the_excise() -> None:
    book = book_of("us-ca", town="Los Angeles")
    found = {tax.name: tax for tax in taxes(book, [line("flower", cents=3500)], city="Los Angeles")}
    assert found["Cannabis excise tax"].base_cents == 3850
