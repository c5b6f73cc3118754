"""Each kind of rule, by vectors of a real state and of an invented one. Sources stand in the rule files."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from factories.law import all_of, book_of, door, invented, line, order, trip
from faded_skies.domains.compliance.service import (
    Decision,
    Line,
    Outcome,
    Paper,
    Place,
    RuleBook,
    judge_departure,
    judge_handover,
    judge_order,
    limit_uses,
    outcome_of,
    taxes,
)

COLORADO = Place("Boulder", "CO")
CALIFORNIA = Place("Fresno", "CA")


def denied(decisions: Iterable[Decision]) -> list[str]:
    return [one.rule for one in decisions if one.outcome is Outcome.DENY]


def ordering(book: RuleBook, **fields: object) -> list[str]:
    return denied(judge_order(book, order(**fields), all_of(book)))


def leaving(book: RuleBook, **fields: object) -> list[str]:
    return denied(judge_departure(book, trip(**fields), all_of(book)))


def handing(book: RuleBook, **fields: object) -> list[str]:
    return denied(judge_handover(book, door(**fields), all_of(book)))


def local(zone: str, *moment: int) -> datetime:
    year, month, day, hour, minute = moment
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)


class TestAge:
    @pytest.mark.parametrize(
        ("born", "now", "refused"),
        [
            (date(2005, 11, 27), (2026, 11, 27, 12, 0), False),
            (date(2005, 11, 28), (2026, 11, 27, 12, 0), True),
            (date(2004, 2, 29), (2025, 2, 28, 12, 0), True),
            (date(2004, 2, 29), (2025, 3, 1, 12, 0), False),
        ],
    )
    def test_california(self, born: date, now: tuple[int, ...], *, refused: bool) -> None:
        moment = local("America/Los_Angeles", *now)
        facts = {"date_of_birth": born, "now": moment, "place": CALIFORNIA}
        assert ordering(book_of("us-ca"), **facts) == (["age"] if refused else [])
        at_door = {
            "born_on": born,
            "known_birth_date": born,
            "now": moment,
            "place": CALIFORNIA,
            "signed": True,
        }
        assert handing(book_of("us-ca"), **at_door) == (["age"] if refused else [])

    def test_invented(self, tmp_path: Path) -> None:
        book = invented(tmp_path, ("min_age = 21\nsource", "min_age = 25\nsource")).at(order().now)
        assert ordering(book, date_of_birth=date(2002, 11, 27)) == ["age"]
        assert ordering(book, date_of_birth=date(2001, 11, 27)) == []


class TestIdAtTheDoor:
    def test_california(self) -> None:
        book = book_of("us-ca")
        here = {"place": CALIFORNIA, "signed": True}
        assert handing(book, **here) == []
        assert handing(book, **here, expires_on=date(2026, 11, 26)) == ["handover"]
        assert handing(book, **here, expires_on=date(2026, 11, 27)) == []
        assert handing(book, **here, name_matches=False) == ["handover"]
        assert handing(book, **here, known_birth_date=date(1990, 5, 18)) == ["handover"]
        assert handing(book, **here, document_type="library_card") == ["handover"]
        assert handing(book, place=CALIFORNIA, signed=False) == ["handover"]

    def test_invented(self, tmp_path: Path) -> None:
        book = invented(
            tmp_path,
            (
                'id_types = ["drivers_license", "state_id", "passport", "military_id"]',
                'id_types = ["passport"]',
            ),
            ("must_be_unexpired = true", "must_be_unexpired = false"),
        ).at(door().now)
        assert handing(book) == ["handover"]
        assert handing(book, document_type="passport", expires_on=date(2020, 1, 1)) == []


class TestLimits:
    def test_independent_in_california(self) -> None:
        book = book_of("us-ca")
        full = [line("flower", net=28_500), line("concentrate", net=8_000), line("plant", 6)]
        assert ordering(book, place=CALIFORNIA, cart=full) == []
        for more in (line("preroll", net=1), line("edible", thc=1), line("plant")):
            assert ordering(book, place=CALIFORNIA, cart=[*full, more]) == ["limits.adult"]
            assert ordering(book, place=CALIFORNIA, cart=[more], bought_today=full) == ["limits.adult"]

    def test_independent_invented(self) -> None:
        book = book_of("us-tx-example")
        assert ordering(book, cart=[line("flower", net=70_875), line("edible", thc=2_000)]) == []
        assert ordering(book, cart=[line("flower", net=70_876)]) == ["limits.adult"]

    def test_proportional_in_colorado(self) -> None:
        book = book_of("us-co")
        half = [line("concentrate", net=4_000), line("edible", thc=400)]
        assert ordering(book, place=COLORADO, cart=half) == []
        assert ordering(book, place=COLORADO, cart=[*half, line("flower", net=1)]) == ["limits.adult"]
        assert ordering(book, place=COLORADO, cart=[line("flower", net=28_349)]) == []
        assert [use.used for use in limit_uses(book, [], half) if use.unit == "percent"] == [100]

    def test_proportional_in_massachusetts_before_and_after_its_new_law(self) -> None:
        cart = [line("flower", net=40_000)]
        here = Place("Boston", "MA")
        for now, refused in (
            (local("America/New_York", 2026, 4, 18, 23, 59), ["limits.adult"]),
            (local("America/New_York", 2026, 4, 19, 0, 0), []),
        ):
            book = book_of("us-ma", now=now)
            assert ordering(book, place=here, cart=cart, now=now) == refused

    def test_proportional_invented(self, tmp_path: Path) -> None:
        book = invented(tmp_path, ('mode = "independent"', 'mode = "proportional"')).at(order().now)
        assert (
            ordering(book, cart=[line("flower", net=23_625), line("vape", net=5_000), line("plant", 2)]) == []
        )
        three_thirds = [line("flower", net=23_625), line("vape", net=5_000), line("plant", 2)]
        assert ordering(book, cart=[*three_thirds, line("edible", thc=1)]) == ["limits.adult"]

    def test_a_total_with_sublimits_in_michigan(self) -> None:
        book = book_of("us-mi")
        here = Place("Detroit", "MI")
        assert ordering(book, place=here, cart=[line("flower", net=55_873), line("vape", net=15_000)]) == []
        assert ordering(book, place=here, cart=[line("flower", net=55_874), line("vape", net=15_000)]) == [
            "limits.adult"
        ]
        assert ordering(book, place=here, cart=[line("concentrate", net=15_001)]) == ["limits.adult"]

    def test_a_total_with_sublimits_invented(self, tmp_path: Path) -> None:
        more = """
[[limit]]
id = "all"
mode = "total_with_sublimits"
period = "local_day"
caps = [
    { bucket = "total", label = "All", unit = "mg", max = 10 },
    { bucket = "infused", label = "THC", unit = "mg", max = 3 },
]
source = "made_up"
"""
        book = invented(tmp_path, more=more).at(order().now)
        assert ordering(book, cart=[line("flower", net=7), line("edible", thc=3)]) == []
        assert ordering(book, cart=[line("flower", net=8), line("edible", thc=3)]) == ["limits.all"]
        assert ordering(book, cart=[line("edible", thc=4)]) == ["limits.all"]

    def test_a_transaction_counts_alone_and_a_day_counts_all(self) -> None:
        bought = [line("flower", net=28_349)]
        for name, place, refused in (
            ("us-nj", Place("Newark", "NJ"), []),
            ("us-co", COLORADO, ["limits.adult"]),
        ):
            assert ordering(book_of(name), place=place, cart=bought, bought_today=bought) == refused

    def test_what_is_not_known_cannot_be_sold(self, tmp_path: Path) -> None:
        unknown = [line("flower", net=None)]
        assert ordering(book_of("us-ca"), place=CALIFORNIA, cart=unknown) == ["classify.flower"]
        assert ordering(book_of("us-tx-example"), cart=unknown) == ["classify.flower"]
        assert ordering(book_of("us-tx-example"), cart=[line("accessory", net=None, thc=None)]) == []
        counted = invented(tmp_path, ('unknown_content = "deny"', 'unknown_content = "count_zero"'))
        assert ordering(counted.at(order().now), cart=unknown) == []
        nothing = invented(tmp_path, ('uncounted = ["topical", "accessory"]', 'uncounted = ["accessory"]'))
        assert ordering(nothing.at(order().now), cart=[line("topical")]) == ["jurisdiction"]


class TestHours:
    @pytest.mark.parametrize(
        ("now", "order_refused", "door_refused"),
        [
            ((2026, 11, 27, 7, 59), [], ["hours.handover"]),
            ((2026, 11, 27, 8, 0), [], []),
            ((2026, 11, 27, 23, 59), [], []),
            ((2026, 11, 27, 0, 0), [], ["hours.handover"]),
        ],
    )
    def test_colorado_takes_orders_round_the_clock(
        self, now: tuple[int, ...], order_refused: list[str], door_refused: list[str]
    ) -> None:
        moment = local("America/Denver", *now)
        book = book_of("us-co", now=moment)
        assert ordering(book, place=COLORADO, now=moment) == order_refused
        assert handing(book, place=COLORADO, now=moment) == door_refused
        papers = [Paper("driver_license", None), Paper("employee_badge", None)]
        cars = [Paper("registration", None), Paper("insurance", None)]
        facts = {"places": [COLORADO], "now": moment, "driver_papers": papers, "vehicle_papers": cars}
        assert leaving(book, **facts) == door_refused

    @pytest.mark.parametrize("day", [(2026, 3, 8), (2026, 11, 1)])  # the clocks change
    def test_california_by_its_own_clock(self, day: tuple[int, int, int]) -> None:
        for hour, minute, refused in ((5, 59, True), (6, 0, False), (21, 59, False), (22, 0, True)):
            moment = local("America/Los_Angeles", *day, hour, minute)
            found = ordering(book_of("us-ca", now=moment), place=CALIFORNIA, now=moment)
            assert found == (["hours.order"] if refused else [])

    def test_invented(self, tmp_path: Path) -> None:
        noon = """
[[hours]]
id = "noon"
applies_to = ["place_order"]
opens = "12:00"
closes = "13:00"
source = "made_up"
"""
        book = invented(tmp_path, more=noon).at(order().now)
        assert ordering(book, now=local("America/Chicago", 2026, 11, 27, 12, 30)) == []
        assert ordering(book, now=local("America/Chicago", 2026, 11, 27, 13, 0)) == ["hours.noon"]


class TestPlaces:
    def test_colorado_bars_campuses_and_other_states(self) -> None:
        book = book_of("us-co")
        assert ordering(book, place=COLORADO) == []
        assert ordering(book, place=Place("Boulder", "CO", frozenset({"campus"}))) == ["places"]
        assert ordering(book, place=Place("Boulder", "CO", frozenset({"park"}))) == []
        assert ordering(book, place=Place("Boulder", "WY")) == ["places"]

    def test_invented_approves_six_towns(self) -> None:
        book = book_of("us-tx-example")
        assert ordering(book, place=Place("round rock ", "TX")) == []
        assert ordering(book, place=Place("Houston", "TX")) == ["places"]
        assert ordering(book, place=Place("Austin", "TX", frozenset({"school"}))) == ["places"]

    def test_a_town_may_bar_itself(self, tmp_path: Path) -> None:
        (tmp_path / "us-tx-example").mkdir()
        (tmp_path / "us-tx-example" / "lakeway.toml").write_text(
            'schema = 1\nextends = "us-tx-example"\n[jurisdiction]\nid = "us-tx-example/lakeway"\nname = "Lakeway"\n'
            'level = "city"\ntowns = ["Lakeway"]\nreviewed_on = 2026-11-23\n[sources]\n[address]\nbarred = true\n'
            'source = "guide"\n'
        )
        law = invented(tmp_path)
        now = order().now
        assert ordering(law.of_town(now, "lakeway"), place=Place("Lakeway", "TX")) == ["places"]
        assert ordering(law.of_town(now, "Austin")) == []


class TestTenders:
    def test_new_york_takes_no_cash(self) -> None:
        book = book_of("us-ny")
        here = Place("Albany", "NY")
        assert ordering(book, place=here) == ["tenders"]
        assert ordering(book, place=here, tender="card") == ["tenders.networks"]
        assert ordering(book, place=here, tender="card", cart=[line("accessory")]) == []
        assert ordering(book, place=here, tender="fs_coin") == []

    def test_invented(self, tmp_path: Path) -> None:
        book = invented(tmp_path, ('"fs_coin", "cash"]', '"fs_coin"]')).at(order().now)
        assert ordering(book) == ["tenders"]
        assert ordering(book, tender="card") == []


class TestTrips:
    def _colorado(self, **fields: object) -> list[str]:
        papers = {
            "driver_papers": [Paper("driver_license", date(2026, 11, 27)), Paper("employee_badge", None)],
            "vehicle_papers": [Paper("registration", None), Paper("insurance", None)],
            "places": [COLORADO],
        }
        return leaving(book_of("us-co"), **(papers | fields))

    def test_papers_end(self) -> None:
        assert self._colorado() == []
        assert self._colorado(driver_papers=[Paper("driver_license", None)]) == ["trips"]
        expired = [Paper("registration", date(2026, 11, 26)), Paper("insurance", None)]
        assert self._colorado(vehicle_papers=expired) == ["trips"]
        assert self._colorado(driver_born_on=date(2005, 11, 28)) == ["trips"]
        assert self._colorado(driver_born_on=None) == ["trips"]

    def test_value_on_board(self) -> None:
        assert self._colorado(value_cents=1_000_000) == []
        assert self._colorado(value_cents=1_000_001) == ["load.1"]
        assert self._colorado(value_cents=200_000, vehicle_enclosed=False) == []
        assert self._colorado(value_cents=200_001, vehicle_enclosed=False) == ["load.2"]

    def test_without_a_vehicle_on_the_shift(self) -> None:
        decisions = judge_departure(
            book_of("us-ca"), trip(vehicle_enclosed=None, places=[CALIFORNIA]), all_of(book_of("us-ca"))
        )
        reasons = [one.reason for one in decisions if one.outcome is Outcome.DENY]
        assert reasons[1:] == [
            "The driver has no vehicle on the shift. Have them end the shift and begin it again with a vehicle."
        ]
        assert leaving(book_of("us-tx-example"), vehicle_enclosed=None) == []

    def test_without_a_vehicle_where_only_the_load_depends_on_it(self, tmp_path: Path) -> None:
        caps = "".join(
            f'[[load]]\nvehicle = "{kind}"\nmax_value_cents = 1\nsource = "made_up"\n'
            for kind in ("enclosed", "open")
        )
        book = invented(tmp_path, more=caps).at(trip().now)
        assert leaving(book, vehicle_enclosed=None) == ["load.1"]

    def test_weight_on_board_in_michigan(self) -> None:
        facts = {
            "driver_papers": [Paper("driver_license", None)],
            "vehicle_papers": [Paper("registration", None), Paper("insurance", None)],
            "places": [Place("Detroit", "MI")],
        }
        book = book_of("us-mi")
        assert leaving(book, **facts, weight_mg=425_242) == []
        assert leaving(book, **facts, weight_mg=425_243) == ["load.1"]

    def test_what_must_be_paid_before_in_new_york(self) -> None:
        facts = {
            "driver_papers": [Paper("driver_license", None), Paper("employee_badge", None)],
            "vehicle_papers": [Paper("registration", None), Paper("insurance", None)],
            "places": [Place("Albany", "NY")],
            "value_cents": 100_000,
        }
        book = book_of("us-ny")
        assert leaving(book, **facts, prepaid_cents=30_000) == []
        assert leaving(book, **facts, prepaid_cents=29_999) == ["trips"]

    def test_people_on_board_in_massachusetts(self) -> None:
        facts = {
            "driver_papers": [Paper("driver_license", None), Paper("agent_registration", None)],
            "vehicle_papers": [Paper("registration", None), Paper("insurance", None)],
            "places": [Place("Boston", "MA")],
        }
        book = book_of("us-ma")
        assert leaving(book, **facts, value_cents=499_999) == []
        assert leaving(book, **facts, value_cents=500_000) == ["trips"]
        assert leaving(book, **facts, value_cents=500_000, people=2) == []

    def test_a_paper_that_lacks_a_field(self) -> None:
        missing = ["vehicle.plate"]
        assert self._colorado(missing=missing) == ["document.manifest"]

    def test_invented(self, tmp_path: Path) -> None:
        book = invented(
            tmp_path,
            (
                "[trip]\ndriver_min_age = 21\n",
                '[trip]\ndriver_min_age = 30\nprepaid_share_min = "0.5"\nvehicle_papers = ["hat"]\n',
            ),
            more='[[load]]\nvehicle = "any"\nmax_weight_mg = 5\nsource = "made_up"',
        ).at(trip().now)
        found = leaving(book, weight_mg=6, prepaid_cents=4_999, driver_born_on=date(2000, 1, 1))
        assert found == ["trips", "trips", "load.1", "trips"]


class TestDeliveriesToOneAddress:
    def test_colorado_allows_one_a_day(self) -> None:
        book = book_of("us-co")
        assert ordering(book, place=COLORADO, deliveries_to_address_today=1) == ["handover"]
        assert handing(book, place=COLORADO, deliveries_to_address_today=1) == ["handover"]
        assert handing(book, place=COLORADO, deliveries_to_address_today=0) == []

    def test_invented_has_no_rule(self) -> None:
        assert ordering(book_of("us-tx-example"), deliveries_to_address_today=9) == []


def test_live_positions_papers_and_pictures_by_state() -> None:
    assert not book_of("us-co").positions.live_to_customer
    assert book_of("us-tx-example").positions.live_to_customer
    assert book_of("us-nj").privacy.id_image == "forbidden"
    assert book_of("us-tx-example").privacy.id_image_days == 30
    assert book_of("us-ca").reporting.flow == "retailer_delivery"
    assert book_of("us-ca").handover.signature == "required"
    assert book_of("us-tx-example").handover.signature == "none"


class TestWhatIsNotVerified:
    def _outcome(self, book: RuleBook, acknowledged: frozenset[str]) -> Outcome:
        return outcome_of(judge_order(book, order(place=CALIFORNIA), acknowledged))

    def test_california_waits_for_its_operator(self) -> None:
        book = book_of("us-ca")
        waiting = judge_order(book, order(place=CALIFORNIA), frozenset())
        assert [one.rule for one in waiting if one.outcome is Outcome.NEEDS_ACKNOWLEDGEMENT] == [
            "hours.order",
            "tenders.networks",
            "positions",
            "privacy",
        ]
        all_four = {"hours.order", "tenders.networks", "positions", "privacy"}
        for one in all_four:
            assert self._outcome(book, frozenset(all_four - {one})) is Outcome.NEEDS_ACKNOWLEDGEMENT
        assert self._outcome(book, frozenset(all_four)) is Outcome.ALLOW

    @pytest.mark.parametrize(
        ("part", "rule"),
        [
            ("[positions]", "positions"),
            ("[reporting]", "reporting"),
            ("[privacy]", "privacy"),
            ("[retention]", "retention"),
            ('[[document]]\nkind = "receipt"', "document.receipt"),
            ('[[document]]\nkind = "completion"', "document.completion"),
            ('[[document]]\nkind = "manifest"', "document.manifest"),
        ],
    )
    def test_what_is_shown_written_told_and_kept_waits_too(
        self, tmp_path: Path, part: str, rule: str
    ) -> None:
        unsure = f'{part}\nstatus = "unverified"'
        papers = "".join(
            f'[[document]]\nkind = "{kind}"\ntitle = "paper"\nevent = "stop.delivered"\n'
            f'fields = ["delivered_at"]\nsource = "guide"\n'
            for kind in ("receipt", "completion")
        )
        papers += (
            '[[document]]\nkind = "manifest"\ntitle = "list"\nevent = "trip.depart"\n'
            'fields = ["driver.name"]\nsource = "guide"\n'
        )
        changes = [] if part in papers else [(part, unsure)]
        book = invented(tmp_path, *changes, more=papers.replace(part, unsure)).at(order().now)
        waiting = judge_order(book, order(), frozenset())
        assert [one.rule for one in waiting if one.outcome is not Outcome.ALLOW] == [rule]
        assert rule in next(one.reason for one in waiting if one.rule == rule)
        assert outcome_of(judge_order(book, order(), frozenset({rule}))) is Outcome.ALLOW

    def test_a_denial_stands_above_a_doubt(self) -> None:
        book = book_of("us-ca")
        decisions = judge_order(book, order(place=Place("Reno", "NV")), frozenset())
        assert outcome_of(decisions) is Outcome.DENY

    @pytest.mark.parametrize(
        ("word", "outcome"),
        [("deny", Outcome.DENY), ("require_ack", Outcome.NEEDS_ACKNOWLEDGEMENT), ("warn", Outcome.ALLOW)],
    )
    def test_invented_in_three_ways(self, tmp_path: Path, word: str, outcome: Outcome) -> None:
        book = invented(
            tmp_path,
            ("reviewed_on = 2026-11-23\n", f'reviewed_on = 2026-11-23\non_unverified = "{word}"\n'),
            ('states = ["TX"]', 'status = "unverified"\nstates = ["TX"]'),
        ).at(order().now)
        assert outcome_of(judge_order(book, order(), frozenset())) is outcome
        assert outcome_of(judge_order(book, order(), frozenset({"places"}))) is Outcome.ALLOW


def amounts(book: RuleBook, cart: list[Line], *, city: str, **fees: int) -> list[tuple[str, int, int]]:
    return [(tax.name, tax.base_cents, tax.amount_cents) for tax in taxes(book, cart, city=city, fees=fees)]


class TestTaxes:
    def test_the_example_of_the_cdtfa(self) -> None:
        # 35.00 + 3.50 local + 5.00 delivery + 3.00 service = 46.50; excise 6.98; the sales tax's base is 53.48.
        book = book_of("us-ca", town="Los Angeles")
        found = amounts(
            book, [line("flower", cents=3500)], city="Los Angeles", delivery_fee=500, service_fee=300
        )
        assert found[:2] == [
            ("Los Angeles cannabis business tax", 3500, 350),
            ("Cannabis excise tax", 4650, 698),
        ]
        assert found[2][:2] == ("Sales tax", 5348)

    @pytest.mark.parametrize(
        ("day", "rate"),
        [((2025, 6, 30), "0.15"), ((2025, 7, 1), "0.19"), ((2025, 9, 30), "0.19"), ((2025, 10, 1), "0.15")],
    )
    def test_californias_rates_by_date(self, day: tuple[int, int, int], rate: str) -> None:
        now = local("America/Los_Angeles", *day, 12, 0)
        found = {step.id: step.rate for step in book_of("us-ca", now=now).taxes}
        assert found == {"excise": Decimal(rate), "sales": Decimal("0.0725")}

    def test_michigan_stacks(self) -> None:
        # The Treasury's example: 100.00, 10.00 excise, 6.60 sales tax, 116.60 together.
        found = amounts(book_of("us-mi"), [line("flower", cents=10_000)], city="Detroit")
        assert found == [("Marihuana excise tax", 10_000, 1_000), ("Sales tax", 11_000, 660)]

    def test_massachusetts_does_not(self) -> None:
        found = amounts(book_of("us-ma"), [line("flower", cents=10_000)], city="Boston")
        assert found == [("Marijuana excise tax", 10_000, 1_075), ("Sales tax", 10_000, 625)]

    def test_colorado_taxes_a_grinder_otherwise(self) -> None:
        cart = [line("flower", cents=10_000), line("accessory", cents=2_000)]
        assert amounts(book_of("us-co"), cart, city="Boulder") == [
            ("Retail marijuana sales tax", 10_000, 1_500),
            ("State sales tax", 2_000, 58),
        ]

    def test_new_york_nevada_and_new_jersey(self) -> None:
        cart = [line("flower", cents=10_000)]
        assert [cents for _, _, cents in amounts(book_of("us-ny"), cart, city="Albany")] == [900, 400]
        assert [cents for _, _, cents in amounts(book_of("us-nv"), cart, city="Las Vegas")] == [1_000, 838]
        assert [cents for _, _, cents in amounts(book_of("us-nv"), cart, city="Elko")] == [1_000]
        assert [cents for _, _, cents in amounts(book_of("us-nj"), cart, city="Newark")] == [663]

    def test_a_fee_is_taxed_where_the_goods_are(self) -> None:
        book = book_of("us-ca")
        mixed = [line("flower", cents=7_500), line("accessory", cents=2_500)]
        excise, sales = taxes(book, mixed, city="Fresno", fees={"delivery_fee": 400})
        assert (excise.base_cents, excise.shares_cents[1]) == (7_800, 0)
        assert sales.base_cents == 10_400 + excise.amount_cents

    def test_invented_rounds_up_by_the_line(self, tmp_path: Path) -> None:
        book = invented(
            tmp_path, ('rate = "0.0625"', 'rate = "0.0625"\nrounding = "up"\nround_at = "line"')
        ).at(order().now)
        state, *_ = taxes(book, [line("flower", cents=101), line("flower", cents=101)], city="Austin")
        assert (state.amount_cents, state.shares_cents) == (14, (7, 7))
