"""Digests of document numbers."""

from dataclasses import replace
from datetime import date

import pytest

from factories.licences import Card, barcode
from faded_skies.domains.verification.rules import parse_licence
from faded_skies.domains.verification.service.numbers import PURPOSE, DocumentNumbers
from faded_skies.platform.keyring import PurposeKeys


@pytest.mark.parametrize("number", ["", "--", "№"], ids=["empty", "hyphens", "sign"])
def test_a_number_without_letters_or_digits_is_nobodys(number: str) -> None:
    """Else all documents whose number a vendor could not read would be one."""
    numbers = DocumentNumbers(PurposeKeys({PURPOSE: bytes(32)}))
    told = parse_licence(barcode(Card()), today=date(2026, 11, 24))
    assert numbers.of_licence(told) is not None
    assert numbers.of_licence(replace(told, number=number)) is None
