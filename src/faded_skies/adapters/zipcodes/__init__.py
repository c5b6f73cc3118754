"""Addresses located and completed offline, by ZIP codes, their middles and the names of their towns."""
