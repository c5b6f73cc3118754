"""What stands in a rule file and cannot be meant: each place with a sentence. Its shape is judged before (`files`)."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import TypeVar

from faded_skies.domains.compliance.rules.limits import TOTAL
from faded_skies.domains.compliance.rules.taxes import COMPONENTS
from faded_skies.domains.compliance.service.files import (
    ClassifyPart,
    Dated,
    Document,
    LimitPart,
    Part,
    RuleFile,
    Sourced,
    TaxPart,
    TownFile,
)
from faded_skies.domains.compliance.service.papers import PAPERS

Slip = tuple[tuple[str | int, ...], str]
One = TypeVar("One", bound=Dated)


def slips(file: RuleFile, *, jurisdiction: str) -> Iterator[Slip]:
    """Yield what is wrong in a state's file."""
    about = file.jurisdiction
    if about.id != jurisdiction:
        yield ("jurisdiction", "id"), f"the file's name says {jurisdiction}, its id {about.id}"
    if about.review_by is not None and about.review_by < about.reviewed_on:
        yield ("jurisdiction", "review_by"), "the next review lies before the last one"
    yield from _sources(file)
    yield from _twice(file)
    yield from _bases(file.tax, known=set(file.local.taxes))
    yield from _caps(file.limit, file.classify)
    yield from _buckets(file)
    yield from _fields(file.document)


def slips_of_town(town: TownFile, file: RuleFile, *, beside: str) -> Iterator[Slip]:
    """Yield what is wrong in a town's file; `file` is its state's, of the name `beside`."""
    if town.extends != file.jurisdiction.id:
        yield ("extends",), f"it lies beside {beside}, but extends {town.extends}"
    yield from _sources(town, list(file.sources))
    for name, source in town.sources.items():
        if name in file.sources and file.sources[name] != source:
            yield ("sources", name), f"{beside} has another source of this name"
    yield from _twice(town)
    yield from _of_state(town, file, beside=beside)
    yield from _local_taxes(town, file, beside=beside)
    yield from _bases(town.tax, known={step.id for step in file.tax})
    yield from _caps(town.limit, file.classify)
    yield from _fields(town.document)


def _sources(file: RuleFile | TownFile, known: Sequence[str] = ()) -> Iterator[Slip]:
    for path, part in _parts(file):
        if isinstance(part, Sourced) and part.source not in {*file.sources, *known}:
            yield (*path, "source"), f"{part.source} is not among the [sources]"


def _parts(file: Part) -> Iterator[tuple[tuple[str | int, ...], Part]]:
    for name in type(file).model_fields:
        value = getattr(file, name)
        if isinstance(value, Part):
            yield (name,), value
        elif isinstance(value, list):
            yield from (((name, place), part) for place, part in enumerate(value) if isinstance(part, Part))


def _twice(file: RuleFile | TownFile) -> Iterator[Slip]:
    """Yield what would count twice, or hide the other one."""
    yield from _overlaps("hours", file.hours, lambda part: part.id)
    yield from _overlaps("limit", file.limit, lambda part: part.id)
    yield from _overlaps("tax", file.tax, lambda part: part.id)
    if isinstance(file, RuleFile):
        yield from _overlaps(
            "classify", file.classify, lambda part: f"{part.product_class} into {part.bucket}"
        )
    else:
        yield from _repeated("tax_rate", [part.id for part in file.tax_rate])
    yield from _repeated("tender_bar", [part.id for part in file.tender_bar])
    yield from _repeated("document", [part.kind for part in file.document])


def _overlaps(name: str, parts: Sequence[One], key: Callable[[One], str]) -> Iterator[Slip]:
    for (_, one), (place, other) in combinations(enumerate(parts), 2):
        if key(one) == key(other) and one.overlaps(other):
            yield (name, place), f"{key(other)} holds twice on some days: end one before the other begins"


def _repeated(name: str, ids: Sequence[str]) -> Iterator[Slip]:
    for place, one in enumerate(ids):
        if one in ids[:place]:
            yield (name, place), f"{one} is there already"


def _of_state(town: TownFile, file: RuleFile, *, beside: str) -> Iterator[Slip]:
    for name in ("hours", "limit", "tender_bar"):
        taken = {part.id for part in getattr(file, name)}
        for place, part in enumerate(getattr(town, name)):
            if part.id in taken:
                yield (name, place, "id"), f"{beside} has one of this name; both hold, so name it otherwise"


def _local_taxes(town: TownFile, file: RuleFile, *, beside: str) -> Iterator[Slip]:
    steps = [step.id for step in file.tax]
    for place, step in enumerate(town.tax):
        if step.id in steps:
            yield ("tax", place, "id"), "a town may add taxes, not replace them"
        if step.id not in file.local.taxes:
            yield ("tax", place, "id"), f"{beside} does not name it among its [local] taxes"
        if step.before is not None and step.before not in steps:
            yield ("tax", place, "before"), f"the state has no step {step.before}"
        first = next((taxed.id for taxed in file.tax if f"tax:{step.id}" in taxed.base), None)
        if first is not None and (step.before not in steps or steps.index(step.before) > steps.index(first)):
            yield (
                ("tax", place, "id"),
                f'the state taxes it by {first}: it has to be taken before that, so add before = "{first}"',
            )
    for place, part in enumerate(town.tax_rate):
        if part.id not in steps:
            yield ("tax_rate", place, "id"), f"the state has no step {part.id}"


def _bases(steps: Sequence[TaxPart], *, known: set[str]) -> Iterator[Slip]:
    for place, step in enumerate(steps):
        for name in step.base:
            if name not in COMPONENTS and name.removeprefix("tax:") not in known:
                yield ("tax", place, "base"), f"{name} is no earlier step and no [local] tax"
        known.add(step.id)


def _caps(limits: Sequence[LimitPart], classify: Sequence[ClassifyPart]) -> Iterator[Slip]:
    units = {part.bucket: "count" if part.measure == "count" else "mg" for part in classify}
    units.setdefault(TOTAL, "mg")
    for place, part in enumerate(limits):
        for cap in part.caps:
            if cap.bucket not in units:
                yield ("limit", place, "caps"), f"nothing is classified into the bucket {cap.bucket}"
            elif cap.unit != units[cap.bucket]:
                yield ("limit", place, "caps"), f"{cap.bucket} is counted in {units[cap.bucket]}"


def _buckets(file: RuleFile) -> Iterator[Slip]:
    capped = {cap.bucket for part in file.limit for cap in part.caps}
    for place, part in enumerate(file.classify):
        is_in_total = TOTAL in capped and part.measure != "count"
        if part.bucket not in capped and not is_in_total:
            yield (
                ("classify", place, "bucket"),
                f"no limit caps {part.bucket}, so any amount of it could be bought",
            )


def _fields(documents: Sequence[Document]) -> Iterator[Slip]:
    for place, document in enumerate(documents):
        for path in document.fields:
            if path not in PAPERS[document.kind]:
                yield ("document", place, "fields"), f"{path} is nothing that we can put on a {document.kind}"
