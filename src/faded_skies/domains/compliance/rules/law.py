"""All versions of a jurisdiction's rules, by the day they take effect and by town."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from faded_skies.domains.compliance.rules.book import RuleBook


@dataclass(frozen=True, slots=True)
class Version:
    """The rules from a local day on: of the whole jurisdiction, and of the towns that have more of their own."""

    starts_on: date
    book: RuleBook
    towns: Mapping[str, RuleBook]
    """By the town's name, folded."""


class Law:
    """One jurisdiction's rules through time. `files` are the texts behind each digest, by file name."""

    def __init__(self, versions: Sequence[Version], files: Mapping[str, Mapping[str, str]]) -> None:
        self._versions = sorted(versions, key=lambda version: version.starts_on)
        self._starts = [version.starts_on for version in self._versions]
        self.files = files

    @property
    def id(self) -> str:
        """The jurisdiction's id, which is the same in all versions."""
        return self._versions[0].book.id

    @property
    def timezone(self) -> ZoneInfo:
        """The shop's time zone, which is the same in all versions."""
        return self._versions[0].book.timezone

    @property
    def versions(self) -> Sequence[Version]:
        """All versions, the earliest first."""
        return self._versions

    def at(self, now: datetime) -> RuleBook:
        """Return the rules of a moment; before the first version took effect, the first one."""
        return self._version(now).book

    def of_town(self, now: datetime, city: str) -> RuleBook:
        """Return the rules of a moment in a town: its own where it has some, else the jurisdiction's."""
        version = self._version(now)
        return version.towns.get(city.strip().casefold(), version.book)

    def towns_at(self, now: datetime) -> Mapping[str, RuleBook]:
        """Return the towns that have rules of their own at a moment."""
        return self._version(now).towns

    def position_days(self, now: datetime) -> int:
        """Return how many days drivers' positions are kept: the most that the state or one of its towns wants."""
        books = (self.at(now), *self.towns_at(now).values())
        return max(book.positions.history_days for book in books)

    def _version(self, now: datetime) -> Version:
        place = bisect_right(self._starts, now.astimezone(self.timezone).date())
        return self._versions[max(place - 1, 0)]
