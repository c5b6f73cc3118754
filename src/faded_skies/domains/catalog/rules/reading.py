"""How a search is read, and how an author is named."""

import re

MOST_WORDS = 6

_WORD = re.compile(r"[0-9]+|[^\W\d_]+")
_FILLERS = frozenset({"a", "and", "for", "in", "me", "of", "some", "something", "the", "to", "with"})


def search_words(text: str) -> list[str]:
    """Return the words that a product must match: lower case, each once, numbers apart from their units.

    Words that say nothing of a product are left out, unless there are no others.
    """
    words = list(dict.fromkeys(_WORD.findall(text.lower())))
    telling = [word for word in words if word not in _FILLERS]
    return (telling or words)[:MOST_WORDS]


def author_name(full_name: str) -> str:
    """Return the first name and the initial of the last: reviews are public, names are not."""
    first, *others = full_name.split()
    return f"{first} {others[-1][0].upper()}." if others else first
