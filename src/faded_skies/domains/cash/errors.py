"""What can be wrong with a driver's cash."""

from faded_skies.platform.errors import Absent, InsufficientPermissions, InvalidState


class DrawerNotFound(Absent):
    sentence = "There is no such drawer. Refresh the list."


class NoOpenDrawer(InvalidState):
    sentence = "Start your shift first: cash goes into its drawer."


class NothingToCount(InvalidState):
    sentence = "You have no drawer to count. Leave closingCash out, or start a shift first."


class LastDrawerOpen(InvalidState):
    sentence = (
        "The drawer of your last shift is not counted. End that shift with what you count, then start anew."
    )


class OtherFloat(InvalidState):
    sentence = (
        "This shift began with another float. Leave openingCash out; staff corrects it when they sign off."
    )


class OtherCount(InvalidState):
    sentence = "You have counted this drawer already. Tell staff: they correct it when they sign off."


class DrawerNotCounted(InvalidState):
    sentence = (
        "This drawer is not counted yet. It can be signed off when its driver has ended their shift with a count, or "
        "staff has ended it with one."
    )


class DrawerSignedOff(InvalidState):
    sentence = "This drawer is signed off already. Refresh the list."


class OwnDrawer(InsufficientPermissions):
    sentence = "Nobody signs off their own drawer, or counts it as staff. Ask somebody else of the staff."
