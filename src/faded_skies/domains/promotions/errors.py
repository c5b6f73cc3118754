"""What can go wrong with promotions."""

from faded_skies.platform.errors import Absent, Conflict, InvalidState, Refused


class PromotionNotFound(Absent):
    sentence = "There is no such promotion."


class NotADraft(InvalidState):
    sentence = "This promotion is no draft any more. Stop it, or make a new one."


class NothingToStop(InvalidState):
    sentence = "This promotion was stopped already."


class PostalAddressMissing(Conflict):
    code = "POSTAL_ADDRESS_MISSING"
    sentence = (
        "Promotions by mail must say where the shop is: set its address with PATCH /api/admin/settings, or send this "
        "one by push only."
    )


class TooFarAhead(Refused):
    def __init__(self) -> None:
        super().__init__("startsAt", "A promotion starts within a year.")


class AreaUnknown(Refused):
    def __init__(self) -> None:
        super().__init__("segment.areaId", "There is no such service area.")
