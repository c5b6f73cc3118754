"""Document numbers as keyed digests: found again, and never readable."""

from faded_skies.domains.verification import rules
from faded_skies.domains.verification.rules import Licence
from faded_skies.platform.keyring import PurposeKeys

PURPOSE = "document_number"


class DocumentNumbers:
    """Makes the digest of a document's number under the shop's own key."""

    def __init__(self, keys: PurposeKeys) -> None:
        self._keys = keys

    def digest(self, *, issuer: str, number: str) -> bytes:
        """Return the digest; the same document gives the same one however its number is spaced."""
        return self._keys.digest(PURPOSE, f"{issuer.upper()}:{rules.plain_number(number)}".encode())

    def of_licence(self, licence: Licence) -> bytes | None:
        """Return a licence's digest; None when nothing tells who issued it, or its number has no letter or digit."""
        issuer = licence.issuer or licence.country
        if issuer is None or not rules.plain_number(licence.number):
            return None
        return self.digest(issuer=issuer, number=licence.number)
