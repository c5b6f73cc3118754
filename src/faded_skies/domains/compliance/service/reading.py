"""Reads rule files, names what is wrong with its line, and puts their versions together."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from faded_skies.domains.compliance.errors import RulesError
from faded_skies.domains.compliance.rules.book import RuleBook
from faded_skies.domains.compliance.rules.law import Law, Version
from faded_skies.domains.compliance.rules.overlays import loosenings
from faded_skies.domains.compliance.rules.taxes import COMPONENTS
from faded_skies.domains.compliance.service.building import Builder, lay
from faded_skies.domains.compliance.service.files import Dated, Part, RuleFile, Sourced, TownFile
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
    versions: list[Version] = []
    files: dict[str, Mapping[str, str]] = {}
    for path in sorted(folder.glob(f"{jurisdiction}.*toml")):
        for text, file in _parse(path, RuleFile, folder, mistakes):
            mistakes.extend(_wrong(text, file, jurisdiction))
            if mistakes:
                continue
            digest, own = _digest(text, towns)
            files[digest] = own
            versions.extend(
                _versions(text, file, towns, mistakes, digest=digest, fictional_counts=fictional_counts)
            )
    return (Law(versions, files) if versions and not mistakes else None), mistakes


def _parse(
    path: Path, kind: type[Kind], folder: Path, mistakes: list[Mistake]
) -> Iterator[tuple[_Text, Kind]]:
    name = str(path.relative_to(folder))
    text = _Text(name, path.read_text())
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


def _wrong(text: _Text, file: RuleFile, jurisdiction: str) -> Iterator[Mistake]:
    about = file.jurisdiction
    if about.id != jurisdiction:
        yield text.mistake(("jurisdiction", "id"), f"the file's name says {jurisdiction}, its id {about.id}")
    if about.review_by is not None and about.review_by < about.reviewed_on:
        yield text.mistake(("jurisdiction", "review_by"), "the next review lies before the last one")
    yield from _wrong_sources(text, file)
    known = set(file.local.taxes)
    for place, step in enumerate(file.tax):
        for name in step.base:
            if name not in COMPONENTS and name.removeprefix("tax:") not in known:
                yield text.mistake(("tax", place, "base"), f"{name} is no earlier step and no [local] tax")
        known.add(step.id)
    yield from _wrong_buckets(text, file)


def _wrong_sources(text: _Text, file: RuleFile | TownFile, known: Sequence[str] = ()) -> Iterator[Mistake]:
    for path, part in _parts(file):
        if isinstance(part, Sourced) and part.source not in {*file.sources, *known}:
            yield text.mistake((*path, "source"), f"{part.source} is not among the [sources]")


def _wrong_buckets(text: _Text, file: RuleFile) -> Iterator[Mistake]:
    filled = {part.bucket for part in file.classify} | {"total"}
    for place, part in enumerate(file.limit):
        for cap in part.caps:
            if cap.bucket not in filled:
                yield text.mistake(
                    ("limit", place, "caps"), f"nothing is classified into the bucket {cap.bucket}"
                )


def _parts(file: Part) -> Iterator[tuple[tuple[str | int, ...], Part]]:
    for name in type(file).model_fields:
        value = getattr(file, name)
        if isinstance(value, Part):
            yield (name,), value
        elif isinstance(value, list):
            yield from (((name, place), part) for place, part in enumerate(value) if isinstance(part, Part))


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
        problems = list(_wrong_town(town_text, town, text, file))
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
            by_town |= dict.fromkeys((name.casefold() for name in town.jurisdiction.towns), own)
        yield Version(day, replace(book, effective_from=day), by_town)


def _changes(file: RuleFile, towns: Sequence[TownFile]) -> Iterator[date]:
    """Yield the days after the file takes effect on which one of its dated rules starts or stops to hold."""
    first = file.jurisdiction.effective_from
    dated: list[Dated] = [*file.hours, *file.limit, *file.tax, *file.classify]
    for town in towns:
        dated += [*town.hours, *town.limit, *town.tax]
    yield from (day for part in dated for day in part.changes_on if day > first)


def _wrong_town(town_text: _Text, town: TownFile, text: _Text, file: RuleFile) -> Iterator[Mistake]:
    if town.extends != file.jurisdiction.id:
        yield town_text.mistake(("extends",), f"it lies beside {text.name}, but extends {town.extends}")
    yield from _wrong_sources(town_text, town, list(file.sources))
    for name, source in town.sources.items():
        if name in file.sources and file.sources[name] != source:
            yield town_text.mistake(("sources", name), f"{text.name} has another source of this name")
    steps = [step.id for step in file.tax]
    for place, step in enumerate(town.tax):
        if step.id in steps:
            yield town_text.mistake(("tax", place, "id"), "a town may add taxes, not replace them")
        if step.id not in file.local.taxes:
            yield town_text.mistake(
                ("tax", place, "id"), f"{text.name} does not name it among its [local] taxes"
            )
        if step.before is not None and step.before not in steps:
            yield town_text.mistake(("tax", place, "before"), f"the state has no step {step.before}")
    for place, part in enumerate(town.tax_rate):
        if part.id not in steps:
            yield town_text.mistake(("tax_rate", place, "id"), f"the state has no step {part.id}")
