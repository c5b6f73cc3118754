"""Each line's share of a tax."""

from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.compliance.rules.taxes import allocate

weights = st.lists(st.integers(0, 1_000_000), min_size=1, max_size=20)


@given(st.integers(0, 10_000_000), weights)
def test_shares_add_up_and_are_within_a_cent_of_their_due(amount: int, parts: list[int]) -> None:
    shares = allocate(amount, parts)
    whole = sum(parts)
    if whole == 0:
        assert set(shares) == {0}
        return
    assert sum(shares) == amount
    for share, part in zip(shares, parts, strict=True):
        assert abs(share * whole - amount * part) < whole


def test_odd_cents_go_to_the_largest_remainders_and_then_to_the_first() -> None:
    assert allocate(100, [1, 1, 1]) == (34, 33, 33)
    assert allocate(10, [5, 3, 2]) == (5, 3, 2)
    assert allocate(1, [1, 2]) == (0, 1)
    assert allocate(7, [0, 1]) == (0, 7)
