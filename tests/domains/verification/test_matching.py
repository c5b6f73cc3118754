"""Whether a licence is this customer's: what must match, and what may differ."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.licences import Card, barcode
from faded_skies.domains.verification.rules.aamva import parse_licence
from faded_skies.domains.verification.rules.licence import Cut, Licence
from faded_skies.domains.verification.rules.matching import Findings, Validity, check_licence
from faded_skies.domains.verification.rules.names import SUFFIXES, NameFit, fit, words

TODAY = date(2026, 11, 24)
BORN = date(1990, 4, 17)
LICENCE = parse_licence(barcode(Card()), today=TODAY)


def check(licence: Licence = LICENCE, **changes: Any) -> Findings:
    known: dict[str, Any] = {
        "full_name": "Maya Rivera",
        "date_of_birth": BORN,
        "today": TODAY,
        "legal_age": 21,
    }
    return check_licence(licence, **{**known, **changes})


def named(
    family: str, first: str, middle: str = "", suffix: str | None = None, *, cuts: str = "NNN"
) -> Licence:
    family_cut, first_cut, middle_cut = (Cut(flag) for flag in cuts)
    return replace(
        LICENCE,
        family_name=family,
        first_name=first,
        middle_names=middle,
        suffix=suffix,
        family_cut=family_cut,
        first_cut=first_cut,
        middle_cut=middle_cut,
    )


def test_a_licence_that_fits_is_clear() -> None:
    assert check() == Findings(
        birth_date_equal=True,
        name=NameFit.SAME,
        validity=Validity.VALID,
        of_age=True,
        american=True,
        reasons=(),
    )
    assert check().clear


@pytest.mark.parametrize("days", [-1, 1, 365, 36500])
def test_another_birth_date_is_never_clear(days: int) -> None:
    found = check(date_of_birth=BORN + timedelta(days=days))
    assert not found.clear
    assert not found.birth_date_equal
    assert found.reasons == ("The birth date on the licence is not the one of the account.",)


@pytest.mark.parametrize(
    ("today", "validity"),
    [
        (date(2031, 4, 16), Validity.VALID),
        (date(2031, 4, 17), Validity.VALID),
        (date(2031, 4, 18), Validity.EXPIRED),
    ],
)
def test_a_licence_is_good_through_its_last_day(today: date, validity: Validity) -> None:
    found = check(today=today)
    assert found.validity is validity
    assert found.clear is (validity is Validity.VALID)


def test_an_expired_licence_tells_since_when() -> None:
    assert check(today=date(2031, 5, 1)).reasons == ("The licence expired on 2031-04-17.",)


def test_an_unknown_expiry_is_not_clear() -> None:
    found = check(replace(LICENCE, expires_on=None))
    assert (found.validity, found.clear) == (Validity.UNKNOWN, False)


@pytest.mark.parametrize(
    ("born", "today", "of_age"),
    [
        (date(2005, 11, 24), date(2026, 11, 23), False),
        (date(2005, 11, 24), date(2026, 11, 24), True),
        (date(2004, 2, 29), date(2025, 2, 28), False),
        (date(2004, 2, 29), date(2025, 3, 1), True),
        (date(2008, 2, 29), date(2029, 2, 28), False),
    ],
)
def test_the_age_is_that_of_the_licence(born: date, today: date, *, of_age: bool) -> None:
    found = check(replace(LICENCE, date_of_birth=born), date_of_birth=born, today=today)
    assert (found.of_age, found.clear) == (of_age, of_age)
    # An older birth date in the account does not help.
    older = check(replace(LICENCE, date_of_birth=born), date_of_birth=date(1980, 1, 1), today=today)
    assert (older.of_age, older.clear) == (of_age, False)


@pytest.mark.parametrize("country", ["CAN", "MEX", None])
def test_a_card_of_another_country_goes_to_a_person(country: object) -> None:
    found = check(replace(LICENCE, country=country))  # type: ignore[arg-type]  # as the table says
    assert (found.american, found.clear) == (False, False)


@pytest.mark.parametrize(
    ("ours", "licence"),
    [
        ("Maya Rivera", named("RIVERA", "MAYA")),
        ("maya rivera", named("RIVERA", "MAYA")),
        ("Rivera Maya", named("RIVERA", "MAYA")),
        ("Rivera, Maya", named("RIVERA", "MAYA")),
        ("Rivera, Maya Elena", named("RIVERA", "MAYA", "ELENA")),
        ("Maya Elena Rivera", named("RIVERA", "MAYA", "ELENA")),
        ("Maya E. Rivera", named("RIVERA", "MAYA", "ELENA")),
        ("Maya Elena Rivera", named("RIVERA", "MAYA", "E")),
        ("Maya Rivera", named("RIVERA", "MAYA", "ELENA SOFIA")),
        ("Maya Sofia Rivera", named("RIVERA", "MAYA", "ELENA SOFIA")),
        ("Maya Elena Rivera", named("RIVERA", "MAYA")),
        ("Mary Ann Rivera", named("RIVERA", "MARYANN")),
        ("Maryann Rivera", named("RIVERA", "MARY", "ANN")),
        ("Mary-Ann Rivera", named("RIVERA", "MARY ANN")),
        ("Mary Rivera", named("RIVERA", "MARY ANN")),
        ("Maya Rivera-Lopez", named("RIVERA LOPEZ", "MAYA")),
        ("Maya Rivera Lopez", named("RIVERA-LOPEZ", "MAYA")),
        ("Maya De la Cruz", named("DELACRUZ", "MAYA")),
        ("Sean O'Brien", named("O BRIEN", "SEAN")),
        ("Seán O\u2019Brien", named("OBRIEN", "SEAN")),
        ("José Muñoz", named("MUNOZ", "JOSE")),
        ("Jose Munoz", named("MUÑOZ", "JOSÉ")),
        ("Jürgen Groß", named("GROSS", "JURGEN")),
        ("Søren Ærø", named("AERO", "SOREN")),
        ("Łukasz Wałęsa", named("WALESA", "LUKASZ")),
        ("Jose\u0301 Nun\u0303ez", named("NUÑEZ", "JOSÉ")),
        ("Martin King Jr.", named("KING", "MARTIN", suffix="JR")),
        ("Martin King", named("KING", "MARTIN", suffix="JR")),
        ("Martin King Jr", named("KING JR", "MARTIN")),
        ("Martin King III", named("KING", "MARTIN", suffix="3RD")),
        ("King, Martin Jr.", named("KING", "MARTIN", suffix="JR")),
        ("Sukarno", named("SUKARNO", "")),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
def test_one_name_in_two_writings(ours: str, licence: Licence) -> None:
    assert fit(ours, licence) is NameFit.SAME


@pytest.mark.parametrize(
    ("ours", "licence"),
    [
        ("Maya Rivers", named("RIVERA", "MAYA")),
        ("Maia Rivera", named("RIVERA", "MAYA")),
        ("Elena Rivera", named("RIVERA", "MAYA", "ELENA")),
        ("M. Rivera", named("RIVERA", "MAYA")),
        ("Maya", named("RIVERA", "MAYA")),
        ("Rivera", named("RIVERA", "MAYA")),
        ("", named("RIVERA", "MAYA")),
        ("- -", named("RIVERA", "MAYA")),
        ("Bill Gray", named("GRAY", "WILLIAM")),
        ("Maya Sofia Rivera", named("RIVERA", "MAYA", "ELENA")),
        ("Maya Rivera Lopez", named("RIVERA", "MAYA")),
        ("Maya Rivera", named("RIVERA LOPEZ", "MAYA")),
        ("Martin King Sr.", named("KING", "MARTIN", suffix="JR")),
        ("Martin King II", named("KING", "MARTIN", suffix="III")),
        ("Maya Rivera", named("RIV", "MAYA")),
        ("Maya Rivera", named("RIV", "MAYA", cuts="TTT")),
        ("Maya Rivera", named("RIVERA", "MAY", cuts="TTT")),
        ("Anna Featherstonehaugh", named("FEATHERSTONE", "ANNA", cuts="NNN")),
        ("Maya Rivera", named("--", "MAYA")),
        ("Майя Ривера", named("RIVERA", "MAYA")),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
def test_two_names(ours: str, licence: Licence) -> None:
    assert fit(ours, licence) is NameFit.DIFFERS
    found = check(licence, full_name=ours)
    assert not found.clear
    assert found.reasons == ("The name on the licence is not the one of the account.",)


@pytest.mark.parametrize("flag", ["T", "U"])
def test_names_that_were_cut_short_fit_as_far_as_they_go(flag: str) -> None:
    family = named("FEATHERSTONE", "ANNA", cuts=f"{flag}NN")
    assert fit("Anna Featherstonehaugh", family) is NameFit.CUT_SHORT
    assert check(family, full_name="Anna Featherstonehaugh").clear
    assert fit("Anna Feathers", family) is NameFit.DIFFERS  # what the card does show counts
    first = named("RIVERA", "MAXIMILI", cuts=f"N{flag}N")
    assert fit("Maximiliano Rivera", first) is NameFit.CUT_SHORT
    middle = named("RIVERA", "MAYA", "ELE", cuts=f"NN{flag}")
    assert fit("Maya Elena Rivera", middle) is NameFit.SAME
    assert fit("Maya Sofia Rivera", middle) is NameFit.DIFFERS


def test_a_card_without_flags_may_have_been_cut() -> None:
    card = Card(version=3, family="FEATHERSTONE", first="ANNA", middle="")
    licence = parse_licence(barcode(card), today=TODAY)
    assert fit("Anna Featherstonehaugh", licence) is NameFit.CUT_SHORT


_NAMES = st.text(st.characters(categories=["Ll", "Lu"], max_codepoint=0x24F), min_size=2, max_size=12).filter(
    lambda text: len(words(text)) == 1 and words(text)[0] not in SUFFIXES
)


@given(first=_NAMES, middle=st.one_of(st.just(""), _NAMES), family=_NAMES, upper=st.booleans())
def test_everybody_has_their_own_name(first: str, middle: str, family: str, *, upper: bool) -> None:
    licence = named(*((name.upper() if upper else name) for name in (family, first, middle)))
    assert fit(f"{first} {middle} {family}", licence) is NameFit.SAME
    assert fit(f"{first} {family}", licence) is NameFit.SAME


@given(st.text(max_size=100), st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_any_names_can_be_compared(ours: str, family: str, first: str, middle: str) -> None:
    for cuts in ("NNN", "TTT"):
        found = fit(ours, named(family, first, middle, cuts=cuts))
        if not words(ours) or not words(family):
            assert found is NameFit.DIFFERS


def test_the_longest_names_do_not_take_long() -> None:
    """Bounded work: a hostile barcode must not hold up everybody else."""
    licence = named("a " * 20, "a " * 20, "a " * 20)
    assert fit("a " * 49 + "b", licence) is NameFit.DIFFERS


@given(
    born=st.dates(date(1920, 1, 1), date(2026, 1, 1)),
    account=st.dates(date(1920, 1, 1), date(2026, 1, 1)),
    expires=st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2035, 1, 1))),
    name=st.sampled_from(["Maya Rivera", "Maya Rivers"]),
    country=st.sampled_from(["USA", "CAN", None]),
)
def test_clear_means_that_everything_fits(
    born: date, account: date, expires: date | None, name: str, country: object
) -> None:
    licence = replace(LICENCE, date_of_birth=born, expires_on=expires, country=country)  # type: ignore[arg-type]  # as above
    found = check(licence, full_name=name, date_of_birth=account)
    everything = (
        born == account,
        name == "Maya Rivera",
        expires is not None and expires >= TODAY,
        (born.year + 21, born.month, born.day) <= (TODAY.year, TODAY.month, TODAY.day),
        country == "USA",
    )
    assert found.clear is all(everything)
    assert len(found.reasons) == everything.count(False)
