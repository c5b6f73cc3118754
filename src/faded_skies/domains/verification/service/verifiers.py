"""The two ways of ours to look at papers; a vendor's is an adapter."""

from typing import Literal

from faded_skies.domains.verification.errors import NotALicence, UnreadableLicence
from faded_skies.domains.verification.ports import BarcodeReader, Case, Opinion, Verdict
from faded_skies.domains.verification.rules import parse_licence


class StaffReview:
    """Leaves everything to staff."""

    method: Literal["review"] = "review"

    async def judge(self, case: Case) -> Opinion:  # noqa: ARG002 - the port's signature
        return Opinion(Verdict.DOUBTFUL)


class BarcodeCheck:
    """Reads the PDF417 of a US licence from its picture.

    The barcode carries no signature, so it proves nothing about the card's being genuine; whether it decides
    or only fills in the staff's review is the shop's choice (`decides`).
    """

    method: Literal["barcode"] = "barcode"

    def __init__(self, reader: BarcodeReader, *, decides: bool) -> None:
        self._reader = reader
        self._decides = decides

    async def judge(self, case: Case) -> Opinion:
        # The barcode is on the back, which comes last.
        for picture in reversed(case.papers):
            found = await self._reader.find_pdf417(picture)
            if found is None:
                continue
            try:
                licence = parse_licence(found, today=case.today)
            except (NotALicence, UnreadableLicence) as problem:
                return Opinion(Verdict.DOUBTFUL, reason=problem.text)
            return Opinion(Verdict.PASSED if self._decides else Verdict.DOUBTFUL, licence)
        return Opinion(Verdict.DOUBTFUL, reason="No barcode of a licence can be read in the pictures.")
