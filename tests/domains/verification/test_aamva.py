"""The barcode of a licence: as the standard writes it, as real cards break it, and as anybody may forge it."""

from dataclasses import replace
from datetime import date
from string import ascii_uppercase, digits

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from factories.licences import CR, LF, RS, Card, barcode, elements, header
from faded_skies.domains.verification.errors import NotALicence, UnreadableLicence
from faded_skies.domains.verification.rules.aamva import parse_licence
from faded_skies.domains.verification.rules.issuers import (
    COUNTRY_OF_IIN,
    COUNTRY_OF_ISSUER,
    ISSUER_OF_IIN,
)
from faded_skies.domains.verification.rules.licence import Cut, Licence

TODAY = date(2026, 11, 24)
MAYA = Card()
READ = Licence(
    number="T48210377",
    issuer="TX",
    country="USA",
    family_name="RIVERA",
    first_name="MAYA",
    middle_names="ELENA",
    suffix=None,
    family_cut=Cut.WHOLE,
    first_cut=Cut.WHOLE,
    middle_cut=Cut.WHOLE,
    date_of_birth=date(1990, 4, 17),
    expires_on=date(2031, 4, 17),
    issued_on=date(2023, 5, 2),
    iin="636015",
    version=9,
)


def parse(text: str | bytes) -> Licence:
    return parse_licence(text, today=TODAY)


def same(licence: Licence, other: Licence = READ) -> bool:
    """Whether two licences say the same of their owner."""
    return all(
        getattr(licence, name) == getattr(other, name)
        for name in (
            "number",
            "issuer",
            "country",
            "family_name",
            "first_name",
            "middle_names",
            "date_of_birth",
            "expires_on",
        )
    )


@pytest.mark.parametrize("version", [4, 5, 8, 9, 10, 11])
@pytest.mark.parametrize("own_type", ["DL", "ID", "EN"])
def test_a_card_by_the_book(version: int, own_type: str) -> None:
    licence = parse(barcode(MAYA.but(version=version, own_type=own_type)))
    assert licence == replace(
        READ, version=version, document_type="state_id" if own_type == "ID" else "drivers_license"
    )


@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_first_versions_have_other_names_and_no_flags(version: int) -> None:
    licence = parse(barcode(MAYA.but(version=version)))
    assert same(licence)
    assert (licence.version, licence.suffix) == (version, None)
    assert {licence.family_cut, licence.first_cut, licence.middle_cut} == {Cut.UNKNOWN}


def test_an_early_card_of_maryland() -> None:
    text = (
        "@\n\x1e\rAAMVA6360030101DL00290192DLDAQR-482-103-771-904\nDAARIVERA,MAYA,,3RD\nDAG100 MADE UP ST\n"
        "DAIBALTIMORE\nDAJMD\nDAK21230 \nDARC \nDAS \nDAT \nDAU505\nDAW135\nDBA20310417\nDBB19900417\nDBC1\n"
        "DBD20230502\nDBHN\r"
    )
    licence = parse(text)
    assert (licence.number, licence.issuer, licence.country) == ("R482103771904", "MD", "USA")
    assert (licence.family_name, licence.first_name, licence.middle_names) == ("RIVERA", "MAYA", "")
    assert (licence.suffix, licence.full_name) == ("3RD", "MAYA RIVERA 3RD")


def test_version_1_with_single_names() -> None:
    lines = ["DAQT48210377", "DABRIVERA", "DACMAYA", "DADELENA", "DBB19900417", "DBA20310417", "DAJTX"]
    text = header(MAYA.but(version=1), entries=1, designators="DL00290000") + "DL" + LF.join(lines) + CR
    assert same(parse(text))


def test_version_1_may_write_the_number_elsewhere() -> None:
    text = barcode(MAYA.but(version=1)).replace("DAQ", "DBJ")
    assert same(parse(text))


def test_version_1_without_commas_begins_with_the_family_name() -> None:
    text = barcode(MAYA.but(version=1)).replace("DAARIVERA,MAYA,ELENA,", "DAARIVERA MAYA ELENA")
    assert same(parse(text))


@pytest.mark.parametrize("given", ["MAYA,ELENA", "MAYA ELENA", "MAYA, ELENA"])
def test_all_given_names_in_one(given: str) -> None:
    assert same(parse(barcode(MAYA.but(version=3)).replace("DCTMAYA,ELENA", f"DCT{given}")))


@pytest.mark.parametrize("offsets", ["00000000", "99999999", "00410001", "0041    ", "004100278"])
def test_wrong_offsets_and_lengths_do_not_matter(offsets: str) -> None:
    assert same(parse(barcode(MAYA, offsets=offsets)))
    assert same(parse(barcode(MAYA, offsets=offsets, extra="ZTZTAN")))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace(RS, ""), id="record-separator-missing"),
        pytest.param(lambda text: text.replace(LF, CR + LF), id="crlf"),
        pytest.param(lambda text: text.replace(LF, "|").replace(CR, "|").replace(RS, "|"), id="bars"),
        pytest.param(lambda text: text.replace(LF, " ").replace(CR, " ").replace(RS, " "), id="blanks"),
        pytest.param(lambda text: text.replace(LF, "").replace(CR, "").replace(RS, ""), id="nothing"),
        pytest.param(lambda text: text.replace(LF, "<LF>").replace(CR, "<CR>"), id="names-of-controls"),
        pytest.param(lambda text: text.replace(LF, "\\n").replace(CR, "\\r"), id="escapes"),
        pytest.param(lambda text: text.replace(LF, "␊").replace(CR, "␍"), id="pictures-of-controls"),
        pytest.param(lambda text: "\ufeff" + text, id="byte-order-mark"),
        pytest.param(lambda text: "]L2\x00 noise 12 " + text, id="noise-before"),
        pytest.param(lambda text: text.removeprefix("@"), id="no-compliance-mark"),
        pytest.param(lambda text: text.replace("ANSI ", "ANSI"), id="no-blank-after-ansi"),
        pytest.param(lambda text: text.replace("DLDAQ", "DAQ"), id="type-not-repeated"),
        pytest.param(lambda text: text.replace("DLDAQ", "DL\nDAQ"), id="type-on-its-own-line"),
        pytest.param(lambda text: text.replace("RIVERA", "RIVERA" + " " * 34), id="padded"),
        pytest.param(lambda text: text + "\x00\x00 \r\n", id="noise-behind"),
        pytest.param(lambda text: text.encode(), id="bytes"),
        pytest.param(lambda text: b"\xef\xbb\xbf" + text.encode(), id="bytes-with-mark"),
    ],
)
@pytest.mark.parametrize("version", [8, 10])
def test_what_scanners_do_to_the_text(change: object, version: int) -> None:
    assert callable(change)
    text = barcode(MAYA.but(version=version), extra="ZTZTAN\nZTBDAQ")
    assert same(parse(change(text)))


def test_a_states_own_subfile_is_not_read() -> None:
    theirs = "ZVDAQ99999999\nDCSSOMEBODY\nDACELSE\nDBB01011950\nDBA01012049\nDAJNV\nZVA01"
    for text in (
        barcode(MAYA, extra=theirs),
        barcode(MAYA, extra="ZV" + theirs),
        barcode(MAYA, extra="ZVZVA01\nDAQ99999999\nDBB01011950"),
    ):
        assert same(parse(text))


def test_a_states_own_subfile_may_come_first() -> None:
    own = "DL" + LF.join(elements(MAYA)) + CR
    text = header(MAYA, entries=2, designators="ZV00000000DL00000000") + "ZVZVADAQ\nDAQ99999999\r" + own
    assert same(parse(text))


def test_a_states_own_subfile_does_not_fill_what_is_missing() -> None:
    text = barcode(MAYA, extra="ZVZVA01\nDBB01011950").replace("DBB04171990\n", "")
    with pytest.raises(UnreadableLicence, match="date of birth"):
        parse(text)


def test_the_days_of_turning_18_19_and_21_are_no_birth_date() -> None:
    text = barcode(MAYA).replace("DBB04171990", "DDH04172008\nDDI04172009\nDDJ04172011")
    with pytest.raises(UnreadableLicence, match="date of birth"):
        parse(text)
    together = barcode(MAYA).replace("DBB04171990", "DDJ01011980\nDBB04171990\nDDH01011977")
    assert parse(together).date_of_birth == date(1990, 4, 17)


@pytest.mark.parametrize("country", ["USA", "CAN", "MEX"])
@pytest.mark.parametrize("order", ["MDY", "YMD"])
@pytest.mark.parametrize("version", [1, 8])
def test_dates_of_either_order_whatever_the_country(country: str, order: str, version: int) -> None:
    licence = parse(barcode(MAYA.but(country=country, order=order, version=version)))
    assert (licence.date_of_birth, licence.issued_on, licence.expires_on) == (
        date(1990, 4, 17),
        date(2023, 5, 2),
        date(2031, 4, 17),
    )


@given(st.dates(date(1900, 1, 1), date(2076, 12, 31)))
def test_no_eight_digits_are_a_day_in_both_orders(day: date) -> None:
    assert not 1 <= int(f"{day:%Y%m%d}"[:2]) <= 12  # read as MMDDCCYY it has no month
    assert not 1900 <= int(f"{day:%m%d%Y}"[:4]) <= 2076  # read as CCYYMMDD it is no year of ours


@pytest.mark.parametrize(
    ("changes", "issuer", "country"),
    [
        pytest.param({"state": "BC", "country": "CAN", "iin": "636012"}, "BC", "CAN", id="bc-with-ontarios"),
        pytest.param({"state": "", "iin": "636014"}, "CA", "USA", id="no-state"),
        pytest.param({"state": "XX", "iin": "636014"}, "CA", "USA", id="unknown-state"),
        pytest.param({"state": "NV", "iin": "999999"}, "NV", "USA", id="unknown-number"),
        pytest.param({"state": "ON", "country": "", "iin": "636012"}, "ON", "CAN", id="no-country"),
        pytest.param({"state": "QC", "country": "", "iin": "999999"}, "QC", "CAN", id="country-by-province"),
        pytest.param({"state": "", "country": "", "iin": "999999"}, None, None, id="nothing-known"),
        pytest.param({"state": "", "country": "", "iin": "636056"}, None, "MEX", id="coahuila"),
        pytest.param({"state": "TX", "country": "US"}, "TX", "USA", id="two-letter-country"),
    ],
)
def test_issuer_and_country(changes: dict[str, str], issuer: str | None, country: str | None) -> None:
    licence = parse(barcode(MAYA.but(**changes)))
    assert (licence.issuer, licence.country) == (issuer, country)


def test_the_table_of_issuers_is_whole() -> None:
    assert len({issuer for issuer, country in COUNTRY_OF_ISSUER.items() if country == "USA"}) == 50 + 6
    assert len({issuer for issuer, country in COUNTRY_OF_ISSUER.items() if country == "CAN"}) == 13
    assert set(ISSUER_OF_IIN) < set(COUNTRY_OF_IIN)
    assert all(len(iin) == 6 and iin.isdigit() for iin in COUNTRY_OF_IIN)


@pytest.mark.parametrize(
    ("written", "number"),
    [("K-134-123 145", "K134123145"), ("  t48210377 ", "T48210377"), ("0012345", "0012345"), ("7", "7")],
)
def test_one_card_gives_one_number(written: str, number: str) -> None:
    assert parse(barcode(MAYA.but(number=written))).number == number


@pytest.mark.parametrize("nothing", ["NONE", "none", "UNAVL", "", "   "])
def test_absent_names_are_absent(nothing: str) -> None:
    licence = parse(barcode(MAYA.but(middle=nothing, suffix=nothing)))
    assert (licence.middle_names, licence.suffix, licence.full_name) == ("", None, "MAYA RIVERA")
    assert parse(barcode(MAYA.but(first=nothing, middle=nothing))).full_name == "RIVERA"


@pytest.mark.parametrize("suffix", ["JR", "Jr.", "III"])
def test_suffixes(suffix: str) -> None:
    assert parse(barcode(MAYA.but(suffix=suffix))).suffix == suffix.upper().removesuffix(".")


def test_flags_of_names_cut_short() -> None:
    licence = parse(barcode(MAYA.but(family_cut="T", first_cut="U", middle_cut="?")))
    assert (licence.family_cut, licence.first_cut, licence.middle_cut) == (Cut.CUT, Cut.UNKNOWN, Cut.UNKNOWN)


def test_letters_of_latin_1() -> None:
    text = barcode(MAYA.but(family="MUÑOZ"))
    for form in (text, text.encode(), text.encode("latin-1")):
        assert parse(form).family_name == "MUÑOZ"


@pytest.mark.parametrize("expires", ["NONE", "", "99999999", "00000000", "13452030"])
def test_an_expiry_that_cannot_be_read_is_unknown(expires: str) -> None:
    assert parse(barcode(MAYA.but(expires=expires))).expires_on is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"number": "---"}, "number", id="no-number"),
        pytest.param({"number": "9" * 41}, "number", id="endless-number"),
        pytest.param({"family": "UNAVL"}, "family name", id="no-family-name"),
        pytest.param({"first": "M" * 200}, "longer name", id="endless-name"),
        pytest.param({"born": "NONE"}, "date of birth", id="no-birth-date"),
        pytest.param({"born": "02301990"}, "date of birth", id="30-february"),
        pytest.param({"born": "04171890"}, "date of birth", id="too-old"),
        pytest.param({"born": "2026-11-26", "issued": "NONE"}, "dates", id="born-tomorrow"),
        pytest.param({"born": "2024-01-01"}, "dates", id="born-after-issue"),
        pytest.param({"issued": "2032-01-01"}, "dates", id="issued-after-expiry"),
        pytest.param({"issued": "2026-11-26"}, "dates", id="issued-in-the-future"),
        pytest.param({"expires": "1990-04-17"}, "dates", id="expired-at-birth"),
    ],
)
def test_doubt_is_refused(changes: dict[str, str], reason: str) -> None:
    with pytest.raises(UnreadableLicence, match=reason):
        parse(barcode(MAYA.but(**changes)))


@pytest.mark.parametrize("line", ["DBB01011980", "DAQ99999999", "DCSSOMEBODY", "DACELSE"])
def test_two_truths_are_refused(line: str) -> None:
    with pytest.raises(UnreadableLicence, match="two different things"):
        parse(barcode(MAYA).replace("DDAF", line))


def test_the_same_said_twice_is_fine() -> None:
    assert same(parse(barcode(MAYA).replace("DDAF", "DBB04171990")))


def test_an_id_within_a_name_is_not_taken_for_one_where_separators_are_lost() -> None:
    """A person decides then; reading DACOSTA as a given name OSTA would be worse."""
    text = barcode(MAYA.but(family="DACOSTA"))
    assert parse(text).family_name == "DACOSTA"
    for lost in ("", " "):
        with pytest.raises(UnreadableLicence):
            parse(text.replace(LF, lost).replace(CR, lost))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "https://shop.example/?code=ANSI",
        "ANSI 12345",
        "%TXAUSTIN^RIVERA$MAYA^100 MADE UP ST^?;636015482103770=310419900417?",
        "P<UTORIVERA<<MAYA<ELENA<<<<<<<<<<<<<<<<<<<<<<",
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=["empty", "text", "link", "half-a-header", "magnetic-stripe", "passport", "binary"],
)
def test_other_codes_are_no_licences(text: str | bytes) -> None:
    with pytest.raises(NotALicence):
        parse(text)


def _parses_or_refuses(text: str | bytes) -> None:
    try:
        licence = parse(text)
    except (NotALicence, UnreadableLicence):
        return
    assert licence.number
    assert licence.family_name
    assert licence.date_of_birth <= date(2026, 11, 25)


@given(st.one_of(st.text(), st.binary()))
@example("ANSI 63601500")
@example("ANSI 636015080001DL")
def test_anything_at_all_is_read_or_refused(text: str | bytes) -> None:
    _parses_or_refuses(text)


@given(st.data())
def test_a_damaged_card_is_read_or_refused(data: st.DataObject) -> None:
    text = barcode(MAYA.but(version=data.draw(st.sampled_from([1, 3, 5, 8, 9, 10]))), extra="ZTZTAN")
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 20, len(text))))
        text = text[:start] + data.draw(st.text(max_size=8)) + text[end:]
    _parses_or_refuses(text)


_NAME = st.text(ascii_uppercase, min_size=1, max_size=20).filter(lambda name: name not in {"NONE", "UNAVL"})
_CARDS = st.builds(
    Card,
    number=st.text(ascii_uppercase + digits, min_size=1, max_size=20).filter(
        lambda text: text not in {"NONE", "UNAVL"}
    ),
    family=_NAME,
    first=_NAME,
    middle=st.one_of(st.just(""), _NAME),
    born=st.dates(date(1900, 1, 1), date(2010, 1, 1)).map(str),
    issued=st.dates(date(2011, 1, 1), date(2026, 11, 24)).map(str),
    expires=st.dates(date(2026, 11, 25), date(2070, 1, 1)).map(str),
    state=st.sampled_from(sorted(COUNTRY_OF_ISSUER)),
    country=st.sampled_from(["USA", "CAN", "MEX"]),
    iin=st.sampled_from(sorted(COUNTRY_OF_IIN)),
    version=st.sampled_from([1, 3, 5, 8, 9, 10]),
    order=st.sampled_from([None, "MDY", "YMD"]),
)


@given(_CARDS)
def test_every_card_is_read_back(card: Card) -> None:
    licence = parse(barcode(card, extra="ZTZTAN"))
    assert licence.number == card.number
    assert (licence.family_name, licence.first_name) == (card.family, card.first)
    assert licence.middle_names == card.middle
    assert str(licence.date_of_birth) == card.born
    assert str(licence.issued_on) == card.issued
    assert str(licence.expires_on) == card.expires
    assert (licence.iin, licence.version) == (card.iin, card.version)
    by_header = ISSUER_OF_IIN.get(card.iin, "")
    american = COUNTRY_OF_ISSUER.get(by_header) == "USA"
    assert licence.issuer == (by_header if american else card.state)


def test_who_moves_to_another_state_keeps_the_issuer() -> None:
    """The number is of the state that made the card; DAJ says where its holder lives."""
    assert parse(barcode(MAYA.but(state="OK"))).issuer == parse(barcode(MAYA)).issuer == "TX"
