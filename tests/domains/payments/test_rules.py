"""How an attempt to pay moves, over every answer in every order."""

from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.payments.rules import ChargeStatus, IntentStatus, next_status

answers = st.lists(st.tuples(st.sampled_from(ChargeStatus), st.booleans()), max_size=8)


@given(start=st.sampled_from(IntentStatus), answers=answers, adopted=st.booleans())
def test_money_once_received_stays_received(
    start: IntentStatus, answers: list[tuple[ChargeStatus, bool]], *, adopted: bool
) -> None:
    status, received = start, start.has_money
    for answer, wanted in answers:
        status = next_status(status, answer, wanted=wanted, adopted=adopted)
        received = received or answer is ChargeStatus.SUCCEEDED
        assert status.has_money == received


@given(start=st.sampled_from(IntentStatus), answer=st.sampled_from(ChargeStatus), wanted=st.booleans())
def test_the_same_answer_twice_is_the_same_as_once(
    start: IntentStatus, answer: ChargeStatus, *, wanted: bool
) -> None:
    once = next_status(start, answer, wanted=wanted, adopted=True)
    assert next_status(once, answer, wanted=wanted, adopted=True) is once


@given(start=st.sampled_from(IntentStatus), answers=answers)
def test_what_has_ended_opens_again_only_when_another_card_is_authorized_after_a_decline(
    start: IntentStatus, answers: list[tuple[ChargeStatus, bool]]
) -> None:
    status = start
    for answer, wanted in answers:
        moved = next_status(status, answer, wanted=wanted, adopted=True)
        declined_before = status is IntentStatus.FAILED and moved is IntentStatus.AUTHORIZED
        assert status.is_open or not moved.is_open or declined_before
        status = moved


def test_an_unwanted_success_is_surplus_but_a_settled_one_is_the_orders() -> None:
    succeeded = ChargeStatus.SUCCEEDED
    assert next_status(IntentStatus.CANCELLED, succeeded, wanted=False, adopted=True) == "surplus"
    assert next_status(IntentStatus.SUCCEEDED, succeeded, wanted=False, adopted=True) == "succeeded"
    assert next_status(IntentStatus.SUCCEEDED, succeeded, wanted=False, adopted=False) == "surplus"
