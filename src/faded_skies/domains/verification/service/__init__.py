"""What can be done with identity papers; one file for each matter."""

from faded_skies.domains.verification.models import Verification, VerificationStatus
from faded_skies.domains.verification.service.cards import Card, read_card
from faded_skies.domains.verification.service.deciding import (
    ReadByStaff,
    approve,
    get_entry,
    list_queue,
    reject,
)
from faded_skies.domains.verification.service.handing_in import (
    check_wanted,
    find_latest,
    hand_in,
    open_at_vendor,
    save_reference,
)
from faded_skies.domains.verification.service.judging import Judge, judge
from faded_skies.domains.verification.service.leaving import forget_person, held_on
from faded_skies.domains.verification.service.links import issue_links, use_link
from faded_skies.domains.verification.service.numbers import DocumentNumbers
from faded_skies.domains.verification.service.papers import Vault, delete_due, sweep
from faded_skies.domains.verification.service.vendor import find_by_reference
from faded_skies.domains.verification.service.verifiers import BarcodeCheck, StaffReview
from faded_skies.domains.verification.service.waiting import expire_open, poll_vendor, prune

__all__ = [
    "BarcodeCheck",
    "Card",
    "DocumentNumbers",
    "Judge",
    "ReadByStaff",
    "StaffReview",
    "Vault",
    "Verification",
    "VerificationStatus",
    "approve",
    "check_wanted",
    "delete_due",
    "expire_open",
    "find_by_reference",
    "find_latest",
    "forget_person",
    "get_entry",
    "hand_in",
    "held_on",
    "issue_links",
    "judge",
    "list_queue",
    "open_at_vendor",
    "poll_vendor",
    "prune",
    "read_card",
    "reject",
    "save_reference",
    "sweep",
    "use_link",
]
