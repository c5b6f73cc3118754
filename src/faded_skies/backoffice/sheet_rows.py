"""A file of products read into rows, each cell by the rules of the API's own fields."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from faded_skies.backoffice.catalog_schemas import ChangeProduct
from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.catalog.service import BETWEEN, BadCell, NewProduct, SheetRow
from faded_skies.platform.money import to_dollars

_TRUE, _FALSE = {"true", "yes", "1"}, {"false", "no", "0"}
_PRICE = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?")
_WHOLE = re.compile(r"[0-9]{1,10}")


def _price(cell: str) -> Decimal:
    if not _PRICE.fullmatch(cell.strip()):
        raise ValueError("Write a price in dollars with a point, such as 24.50.")
    return Decimal(cell.strip())


def _whole(cell: str) -> int:
    if not _WHOLE.fullmatch(cell.strip()):
        raise ValueError("Write whole milligrams, such as 3500.")
    return int(cell)


def _flag(cell: str) -> bool:
    word = cell.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("Write true or false.")
    return word in _TRUE


def _words(cell: str) -> list[str]:
    return [word.strip() for word in cell.split(",") if word.strip()]


_AS_IT_IS: Callable[[str], Any] = str
_READ: Mapping[str, Callable[[str], Any]] = {
    "price": _price,
    "originalPrice": _price,
    "netWeightMg": _whole,
    "thcMg": _whole,
    "labTested": _flag,
    "isFeatured": _flag,
    "isActive": _flag,
    "effects": _words,
    "barredTenders": _words,
}
_LISTS = {"effects", "barredTenders"}
_NEVER_EMPTY = {"price", "productClass", "labTested", "isFeatured", "isActive"}


def read_sheet(text: str) -> tuple[list[SheetRow], list[BadCell]]:
    """Return the rows that can be read, and every cell that cannot. Raises UnreadableSheetError.

    An empty cell means that there is none; in columns that are never empty, that it stays as it is.
    """
    rows: list[SheetRow] = []
    problems: list[BadCell] = []
    for number, cells in catalog.read_rows(text):
        if isinstance(cells, str):
            problems.append(BadCell(number, None, cells))
            continue
        wrong: list[BadCell] = []
        row = _row(number, cells, wrong)
        problems += wrong
        if row is not None and not wrong:
            rows.append(row)
    return rows, problems


def _row(number: int, cells: Mapping[str, str], wrong: list[BadCell]) -> SheetRow | None:
    product_id: UUID | None = None
    if cells.get("id", "").strip():
        try:
            product_id = UUID(cells["id"].strip())
        except ValueError:
            wrong.append(BadCell(number, "id", "This is no id. Copy it from an export, or leave it empty."))
    values: dict[str, Any] = {}
    for column, cell in cells.items():
        if column in {"id", "category"}:
            continue
        if column in _NEVER_EMPTY and not cell.strip():
            continue
        try:
            values[column] = _value(column, cell)
        except ValueError as error:
            wrong.append(BadCell(number, column, str(error)))
    try:
        body = ChangeProduct.model_validate(values)
    except ValidationError as error:
        wrong += [_bad(number, one) for one in error.errors(include_url=False, include_input=False)]
        return None
    return SheetRow(number, product_id, cells["category"].strip(), body.fields())


def _value(column: str, cell: str) -> Any:
    if column != "name" and column not in _LISTS and not cell.strip():
        return None
    return _READ.get(column, _AS_IT_IS)(cell)


def _bad(number: int, error: Mapping[str, Any]) -> BadCell:
    message = str(error["msg"])
    return BadCell(number, str(error["loc"][0]), message if message.endswith(".") else f"{message}.")


def write_row(slug: str, product: NewProduct) -> str:
    """Return a product as a line of the file."""
    return catalog.write_line([_cell(_COLUMNS[column](slug, product)) for column in catalog.COLUMNS])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _dollars(cents: int | None) -> str | None:
    return None if cents is None else f"{to_dollars(cents):.2f}"


_COLUMNS: Mapping[str, Callable[[str, NewProduct], object]] = {
    "id": lambda _, product: product.id,
    "category": lambda slug, _: slug,
    "name": lambda _, product: product.name,
    "description": lambda _, product: product.description,
    "price": lambda _, product: _dollars(product.price_cents),
    "originalPrice": lambda _, product: _dollars(product.original_price_cents),
    "productClass": lambda _, product: product.product_class,
    "netWeightMg": lambda _, product: product.net_weight_mg,
    "thcMg": lambda _, product: product.thc_mg,
    "thcContent": lambda _, product: product.thc_content,
    "cbdContent": lambda _, product: product.cbd_content,
    "strainType": lambda _, product: product.strain_type,
    "effects": lambda _, product: BETWEEN.join(product.effects),
    "labTested": lambda _, product: product.lab_tested,
    "labResultsUrl": lambda _, product: product.lab_results_url,
    "isFeatured": lambda _, product: product.is_featured,
    "isActive": lambda _, product: product.is_active,
    "barredTenders": lambda _, product: BETWEEN.join(product.barred_tenders),
}
