"""What a promotion looks like, by mail and as a push."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from faded_skies.domains.notifications.rules.messages import Letter, Push

_MOST_ON_A_PHONE = 240


@dataclass(frozen=True, slots=True)
class Promoted:
    """A promotion as it is written; `small_print` says who advertises, and where they are."""

    id: UUID
    title: str
    body: str
    picture: str | None
    small_print: Sequence[str]


def promotion(promoted: Promoted, *, to: str, full_name: str) -> tuple[Letter, Push]:
    """Write a promotion to a person."""
    path = f"/promotions/{promoted.id}"
    letter = Letter(
        to=to,
        subject=promoted.title,
        full_name=full_name,
        paragraphs=[part.strip() for part in promoted.body.split("\n\n") if part.strip()],
        button="See the offer",
        path=path,
        picture=promoted.picture,
        small_print=list(promoted.small_print),
    )
    told = " ".join(promoted.body.split())
    if len(told) > _MOST_ON_A_PHONE:
        told = f"{told[: _MOST_ON_A_PHONE - 1].rstrip()}…"
    return letter, Push(title=promoted.title, body=told, data={"type": "promotion", "url": path})
