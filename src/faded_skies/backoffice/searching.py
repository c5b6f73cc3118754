"""How staff searches: letters or digits anywhere in a name, an address, a number."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_LEAST = 3


def _searchable(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("nul_character", "Remove the NUL character.")
    if len(text.strip()) < _LEAST:
        raise PydanticCustomError("search_too_short", "Search for at least three letters or digits.")
    return text.strip()


Search = Annotated[
    Annotated[str, AfterValidator(_searchable)] | None,
    Query(max_length=100, description="Letters or digits anywhere in it, three or more, in any case."),
]
"""A search in the query string: three characters at least, for that is what trigram indexes find."""


def like(search: str | None) -> str | None:
    """Return the pattern of LIKE that finds the text anywhere, as it is, in lower case."""
    if search is None:
        return None
    escaped = search.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
