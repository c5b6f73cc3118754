"""Products as a file: judged whole before anything is written, and taken whole or not at all."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from uuid import UUID

from faded_skies.domains.catalog.models import BadCell, NewProduct, SheetPlan, SheetRow
from faded_skies.domains.catalog.queries import keeping as queries
from faded_skies.domains.catalog.rules.entries import entry_problem
from faded_skies.domains.catalog.service.keeping import note_changed, note_created
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id

_PAGE = 500
_NEEDED = {"price_cents": "price", "product_class": "productClass"}


async def plan_sheet(tx: Tx, rows: Sequence[SheetRow]) -> SheetPlan:
    """Say what the rows would do, and hold the products they name; nothing is written.

    A row names a product by its id, or without one by its name within its category; a name that is new there adds one.
    """
    await queries.lock_writing(tx)
    slugs = await queries.find_slugs(tx)
    named = await queries.find_named(
        tx,
        [
            (slugs[row.category], str(row.fields["name"]).lower())
            for row in rows
            if row.product_id is None and row.category in slugs
        ],
    )
    ids = [row.product_id for row in rows if row.product_id is not None]
    held = await queries.lock_products(tx, [*ids, *(one for found in named.values() for one in found)])
    return await asyncio.to_thread(_plan, rows, slugs, named, held)


def _plan(
    rows: Sequence[SheetRow],
    slugs: dict[str, UUID],
    named: dict[tuple[UUID, str], list[UUID]],
    held: dict[UUID, NewProduct],
) -> SheetPlan:
    drafts = [_draft(row, slugs, named, held) for row in rows]
    problems = [draft for draft in drafts if isinstance(draft, BadCell)]
    products = [
        (row, draft) for row, draft in zip(rows, drafts, strict=True) if isinstance(draft, NewProduct)
    ]
    problems += _named_twice(products)
    made = [product for _, product in products]
    created = [product for product in made if product.id not in held]
    changed = [product for product in made if product.id in held and product != held[product.id]]
    written = {product.id for product in (*created, *changed)}
    drafted = [(row.number, product) for row, product in products if product.id in written]
    problems += [
        BadCell(number, *problem)
        for number, product in drafted
        if (problem := entry_problem(product)) is not None
    ]
    return SheetPlan(
        created=created,
        changed=changed,
        unchanged=len(made) - len(written),
        drafts=drafted,
        before=held,
        problems=problems,
    )


def _draft(
    row: SheetRow,
    slugs: dict[str, UUID],
    named: dict[tuple[UUID, str], list[UUID]],
    held: dict[UUID, NewProduct],
) -> NewProduct | BadCell:
    category_id = slugs.get(row.category)
    if category_id is None:
        return BadCell(
            row.number, "category", f"There is no category with the slug {row.category!r}. Add it first."
        )
    product_id = row.product_id
    if product_id is None:
        found = named.get((category_id, str(row.fields["name"]).lower()), [])
        if len(found) > 1:
            return BadCell(
                row.number,
                "id",
                f"{len(found)} products of this category have this name. Say which by its id.",
            )
        product_id = found[0] if found else None
    if product_id is not None:
        old = held.get(product_id)
        if old is None:
            return BadCell(
                row.number, "id", "There is no product with this id. Leave the id empty to add a new one."
            )
        return replace(old, category_id=category_id, **row.fields)
    for field, column in _NEEDED.items():
        if field not in row.fields:
            return BadCell(row.number, column, f"A new product needs a {column}. Write it here.")
    return NewProduct(id=new_id(), category_id=category_id, **row.fields)


def _named_twice(products: Sequence[tuple[SheetRow, NewProduct]]) -> list[BadCell]:
    first: dict[object, int] = {}
    problems = []
    for row, product in products:
        by_id, by_name = product.id, (product.category_id, product.name.lower())
        earlier = first.get(by_id) or (first.get(by_name) if row.product_id is None else None)
        if earlier is not None:
            problems.append(
                BadCell(row.number, "name", f"Row {earlier} is the same product. Keep one of the two rows.")
            )
            continue
        first[by_id] = row.number
        first.setdefault(by_name, row.number)
    return problems


async def carry_out(tx: Tx, plan: SheetPlan, *, actor_id: UUID) -> None:
    """Write what `plan_sheet` said in the same transaction; inventory opens the stock of the new ones."""
    if plan.created:
        await queries.insert_products(tx, plan.created)
    if plan.changed:
        await queries.update_products(tx, plan.changed)
    for product in plan.created:
        note_created(tx, product, actor_id=actor_id)
    for product in plan.changed:
        note_changed(tx, plan.before[product.id], product, actor_id=actor_id)
    tx.audit(
        "catalog.imported",
        object_type="catalog",
        object_id=None,
        actor_id=actor_id,
        created=len(plan.created),
        changed=len(plan.changed),
        unchanged=plan.unchanged,
    )


async def stream_products(db: Database) -> AsyncIterator[tuple[str, NewProduct]]:
    """Yield every product, those put away too, with its category's slug, the oldest first.

    It is read in pages, so that a slow reader holds no connection; what changes meanwhile may be told old or new.
    """
    slugs = {category_id: slug for slug, category_id in (await queries.find_slugs(db)).items()}
    last = UUID(int=0)
    while page := await queries.list_products_after(db, last, limit=_PAGE):
        for product in page:
            if product.category_id not in slugs:  # added since
                slugs = {category_id: slug for slug, category_id in (await queries.find_slugs(db)).items()}
            yield slugs[product.category_id], product
        last = page[-1].id
