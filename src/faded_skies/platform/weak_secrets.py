"""Secrets that somebody could guess: examples out of documents, and what was typed instead of drawn by chance."""

import base64
import binascii

_FEWEST_CHARACTERS = 10  # 32 random hex digits hold fewer than this once in some millions
_WORDS = ("change", "dummy", "example", "password", "secret", "thirty-two", "your-", "your_")


def weakness_of_text(secret: str) -> str | None:
    """Return why a secret text is no good in production, None when nothing speaks against it."""
    if len(set(secret)) < _FEWEST_CHARACTERS:
        return "it repeats a few characters"
    lowered = secret.lower()
    if any(word in lowered for word in _WORDS):
        return "it looks like an example"
    return None


def weakness_of_keys(pairs: str) -> str | None:
    """The same for `name:base64` pairs of keys."""
    for pair in pairs.split(","):
        name, _, encoded = pair.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            continue  # told by who reads the keys
        if len(set(key)) < _FEWEST_CHARACTERS:
            return f"key {name} repeats a few bytes"
        if key.isascii() and key.decode().isprintable():
            return f"key {name} is text that somebody wrote"
    return None
