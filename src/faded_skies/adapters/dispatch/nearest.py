"""The RouteSolver without a solver: every order goes to the nearest driver."""

from collections.abc import Sequence

from faded_skies.domains.delivery.ports import Question, Route


class NearestDriver:
    """Proposes no ways at all, which leaves each order to the nearest driver who can take it."""

    async def propose(self, question: Question) -> Sequence[Route]:
        """Return nothing; see RouteSolver."""
        del question
        return []
