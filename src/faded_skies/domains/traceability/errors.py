"""What can be wrong with reports to the track-and-trace system."""

from faded_skies.platform.errors import Absent, InvalidState, Unavailable


class ReportNotFound(Absent):
    sentence = "There is no such report."


class ReportUnderWay(InvalidState):
    sentence = "The report is being sent right now. Look again in a minute."


class ReportOver(InvalidState):
    """It was sent or cancelled; `state` says which."""

    def __init__(self, state: str) -> None:
        super().__init__(f"The report was {state} already; nothing can be changed about it.", state=state)


class NotRejected(InvalidState):
    sentence = "Only a rejected report can be corrected. This one will be sent as it is, or cancel it."


class NotReportedYet(Unavailable):
    """Departure waits for the ledger where the operator wants that (METRC_BLOCKS_DEPARTURE)."""

    sentence = (
        "The state's track-and-trace system does not know of this trip yet. Wait a moment and depart again; "
        "if it stays so, ask at the shop."
    )
