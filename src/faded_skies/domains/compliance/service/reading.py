"""Reads rule files, names what is wrong with its line, and puts their versions together."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from faded_skies.domains.compliance.errors import RulesError
from faded_skies.domains.compliance.rules.book import RuleBook
from faded_skies.domains.compliance.rules.law import Law, Version
from faded_skies.domains.compliance.rules.overlays import loosenings
from faded_skies.domains.compliance.service.building import Builder, lay
from faded_skies.domains.compliance.service.checking import slips, slips_of_town
from faded_skies.domains.compliance.service.files import Dated, Part, RuleFile, TownFile
from faded_skies.domains.compliance.service.locating import line_of, lines_of

Kind = TypeVar("Kind", bound=Part)

FOLDER = Path(__file__).resolve().parents[5] / "jurisdictions"


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """What is wrong in a file: its name, the line counted from 1, and a sentence."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class _Text:
    name: str
    text: str

    def mistake(self, path: Sequence[str | int], text: str) -> Mistake:
        return Mistake(self.name, line_of(lines_of(self.text), path), text)


def read_law(jurisdiction: str, folder: Path = FOLDER, *, fictional_counts: bool = True) -> Law:
    """Read one jurisdiction's rule files. Raises RulesError with a line for each mistake.

    `fictional_counts` is False in production: there the operator has to acknowledge a fictional file first.
    """
    if jurisdiction not in (known := jurisdictions(folder)):
        raise RulesError(
            f"there is no rule file for JURISDICTION={jurisdiction}; known are: {', '.join(known)}"
        )
    law, mistakes = check(jurisdiction, folder, fictional_counts=fictional_counts)
    if law is None or mistakes:
        raise RulesError("these rules cannot be used:\n  " + "\n  ".join(map(str, sorted(mistakes))))
    return law


def jurisdictions(folder: Path = FOLDER) -> list[str]:
    """Return the ids of all jurisdictions that have a file."""
    return sorted({path.name.partition(".")[0] for path in folder.glob("*.toml")})


def check(
    jurisdiction: str, folder: Path = FOLDER, *, fictional_counts: bool = True
) -> tuple[Law | None, list[Mistake]]:
    """Read one jurisdiction's files; return its law, None where it cannot be made, and every mistake."""
    mistakes: list[Mistake] = []
    towns = [
        (text, file)
        for path in sorted((folder / jurisdiction).glob("*.toml"))
        for text, file in _parse(path, TownFile, folder, mistakes)
    ]
    states = [
        (text, file)
        for path in sorted(folder.glob(f"{jurisdiction}.*toml"))
        for text, file in _parse(path, RuleFile, folder, mistakes)
    ]
    for text, file in states:
        mistakes.extend(text.mistake(*slip) for slip in slips(file, jurisdiction=jurisdiction))
    states.sort(key=lambda state: state[1].jurisdiction.effective_from)
    mistakes.extend(_wrong_versions(states))
    mistakes.extend(_shared_towns(towns))
    if mistakes:
        return None, mistakes
    versions: list[Version] = []
    files: dict[str, Mapping[str, str]] = {}
    ends = [file.jurisdiction.effective_from for _, file in states[1:]]
    for (text, file), before in zip_longest(states, ends):
        digest, own = _digest(text, towns)
        files[digest] = own
        found = _versions(text, file, towns, mistakes, digest=digest, fictional_counts=fictional_counts)
        versions.extend(version for version in found if before is None or version.starts_on < before)
    return (Law(versions, files) if versions and not mistakes else None), mistakes


def _wrong_versions(states: Sequence[tuple[_Text, RuleFile]]) -> Iterator[Mistake]:
    """Yield where files of one jurisdiction, the earliest first, do not follow each other."""
    for place, (text, file) in enumerate(states):
        about = file.jurisdiction
        stem, _, day = text.name.removesuffix(".toml").partition(".")
        if day and day != about.effective_from.isoformat():
            yield text.mistake(
                ("jurisdiction", "effective_from"),
                f"the file's name says {day}: write effective_from of that day, or name the file {stem}.<day>.toml",
            )
        earlier = [other.jurisdiction for _, other in states[:place]]
        if any(other.effective_from == about.effective_from for other in earlier):
            yield text.mistake(
                ("jurisdiction", "effective_from"), "another file takes effect on the same day"
            )
        if any(other.timezone != about.timezone for other in earlier):
            yield text.mistake(("jurisdiction", "timezone"), "an earlier file has another time zone")


def _shared_towns(towns: Sequence[tuple[_Text, TownFile]]) -> Iterator[Mistake]:
    taken: dict[str, str] = {}
    for text, file in towns:
        for name in file.jurisdiction.towns:
            other = taken.setdefault(name.strip().casefold(), text.name)
            if other != text.name:
                yield text.mistake(
                    ("jurisdiction", "towns"), f"{name} has the rules of {other}; only one file can have it"
                )


def _parse(
    path: Path, kind: type[Kind], folder: Path, mistakes: list[Mistake]
) -> Iterator[tuple[_Text, Kind]]:
    name = str(path.relative_to(folder))
    try:
        words = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        mistakes.append(Mistake(name, 1, "it is not text in UTF-8"))
        return
    text = _Text(name, words)
    try:
        yield text, kind.model_validate(tomllib.loads(text.text))
    except tomllib.TOMLDecodeError as error:
        mistakes.append(_syntax(text, error))
    except ValidationError as error:
        mistakes.extend(
            text.mistake(
                problem["loc"], f"{_dotted(problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}"
            )
            for problem in error.errors(include_url=False)
        )


def _syntax(text: _Text, error: tomllib.TOMLDecodeError) -> Mistake:
    """Return the place that the parser names in its sentence."""
    words = str(error)
    _, found, rest = words.partition("(at line ")
    number = rest.partition(",")[0]
    last = len(text.text.splitlines())
    return Mistake(text.name, int(number) if found and number.isdigit() else last, words)


def _dotted(path: Sequence[str | int]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path) or "file"


def _digest(text: _Text, towns: Sequence[tuple[_Text, TownFile]]) -> tuple[str, Mapping[str, str]]:
    files = {text.name: text.text, **{town.name: town.text for town, _ in towns}}
    whole = hashlib.sha256()
    for name, words in sorted(files.items()):
        whole.update(f"{name}\0{len(words.encode())}\0{words}".encode())
    return whole.hexdigest(), files


def _versions(
    text: _Text,
    file: RuleFile,
    towns: Sequence[tuple[_Text, TownFile]],
    mistakes: list[Mistake],
    *,
    digest: str,
    fictional_counts: bool,
) -> Iterator[Version]:
    state = Builder(file, digest=digest, fictional_counts=fictional_counts)
    laid: list[tuple[_Text, TownFile, Builder]] = []
    for town_text, town in towns:
        problems = [town_text.mistake(*slip) for slip in slips_of_town(town, file, beside=text.name)]
        mistakes.extend(problems)
        if not problems:
            builder = Builder(
                lay(file, town), digest=digest, fictional_counts=fictional_counts, town=town.jurisdiction.name
            )
            laid.append((town_text, town, builder))
    for day in sorted({file.jurisdiction.effective_from, *_changes(file, [town for _, town, _ in laid])}):
        book = state.book(day)
        by_town: dict[str, RuleBook] = {}
        for town_text, town, builder in laid:
            own = builder.book(day)
            mistakes.extend(
                mistake
                for path, why in loosenings(book, own)
                if (mistake := town_text.mistake(path, f"{_dotted(path)} is looser: {why}")) not in mistakes
            )
            by_town |= dict.fromkeys((name.strip().casefold() for name in town.jurisdiction.towns), own)
        yield Version(day, replace(book, effective_from=day), by_town)


def _changes(file: RuleFile, towns: Sequence[TownFile]) -> Iterator[date]:
    """Yield the days after the file takes effect on which one of its dated rules starts or stops to hold."""
    first = file.jurisdiction.effective_from
    dated: list[Dated] = [*file.hours, *file.limit, *file.tax, *file.classify]
    for town in towns:
        dated += [*town.hours, *town.limit, *town.tax]
    yield from (day for part in dated for day in part.changes_on if day > first)
