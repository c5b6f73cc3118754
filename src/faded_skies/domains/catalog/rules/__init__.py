"""How a search is read and an author named, what a product must have, and how a sheet of products is written."""

from faded_skies.domains.catalog.rules.reading import author_name, search_words

__all__ = ["author_name", "search_words"]
