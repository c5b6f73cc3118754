"""Where the law lets us deliver."""

from faded_skies.domains.compliance.rules.book import RuleBook
from faded_skies.domains.compliance.rules.facts import Place


def municipality(book: RuleBook, city: str) -> str | None:
    """Return the approved municipality of exactly this name (case and blanks around it aside), or None.

    Where the law names none, every town that is not barred is approved.
    """
    wanted = city.strip().casefold()
    if wanted in book.places.barred_municipalities:
        return None
    if book.places.municipalities is None:
        return city.strip() or None
    return next((name for name in book.places.municipalities if name.casefold() == wanted), None)


def place_allowed(book: RuleBook, *, city: str, state: str | None) -> bool:
    """Tell whether the law lets us deliver in the town; without a state by its name alone."""
    here = state is None or state.strip().upper() in book.places.states
    return here and municipality(book, city) is not None


def barred_kind(book: RuleBook, place: Place) -> str | None:
    """Return the kind of barred place that a place lies in, None when it lies in none."""
    return min(place.kinds & book.places.barred_kinds, default=None)
