"""The catalogue as a file: what comes out goes in again unchanged; a bad file changes nothing and is told by cells."""

import asyncio
import csv
import io
from collections.abc import Callable
from contextlib import suppress
from threading import get_ident
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories.catalog import make_category, make_product
from factories.identity import SignedInPerson, signed_in
from faded_skies.backoffice import sheet_endpoints
from faded_skies.backoffice.sheet_rows import read_sheet, write_row
from faded_skies.bootstrap import Application
from faded_skies.domains.catalog.rules.sheets import (
    COLUMNS,
    UnreadableSheetError,
    write_line,
)
from faded_skies.domains.catalog.service import NewProduct, sheets
from faded_skies.platform import db as db_module
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id

JSON = dict[str, Any]
HEADING = write_line(COLUMNS)
FORMULAS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
hostile = st.sampled_from(
    ["=1+1", "+1", "-1", "@SUM(A1)", "'=x", "''", "'", "\t=x", "\uff1d1", '"', "a,b;=c", "a\r\nb"]
)
line = (text | hostile).map(str.strip).filter(bool)
milligrams = st.none() | st.integers(0, 2_000_000_000)
effect = line.filter(lambda word: "," not in word).map(str.lower).map(str.strip).filter(bool)
products = st.builds(
    NewProduct,
    id=st.uuids(),
    category_id=st.uuids(),
    name=line,
    price_cents=st.integers(1, 100_000_000),
    product_class=st.sampled_from(["flower", "edible", "accessory"]),
    description=st.none() | (text | hostile).filter(str.strip),
    original_price_cents=st.none() | st.integers(1, 100_000_000),
    thc_content=st.none() | line,
    cbd_content=st.none() | line,
    strain_type=st.sampled_from([None, "sativa", "indica", "hybrid"]),
    effects=st.lists(effect, max_size=5, unique=True).map(tuple),
    lab_tested=st.booleans(),
    lab_results_url=st.sampled_from([None, "https://lab.example/=1", "/media/lab/1.html"]),
    net_weight_mg=milligrams,
    thc_mg=milligrams,
    is_featured=st.booleans(),
    is_active=st.booleans(),
    barred_tenders=st.sampled_from([(), ("cash",), ("card", "cash")]),
)


@settings(max_examples=50)
@given(st.lists(products, max_size=4))
def test_what_is_written_is_read_as_it_was(made: list[NewProduct]) -> None:
    sheet = HEADING + "".join(write_row("flower", product) for product in made)
    for cells in csv.reader(io.StringIO(sheet, newline="")):
        assert not any(cell.startswith(FORMULAS) for cell in cells)
    rows, problems = read_sheet(sheet)
    assert problems == []
    assert [(row.product_id, row.category) for row in rows] == [(product.id, "flower") for product in made]
    for row, product in zip(rows, made, strict=True):
        kept = NewProduct(
            id=product.id,
            category_id=product.category_id,
            name=product.name,
            price_cents=product.price_cents,
            product_class=product.product_class,
        )
        for field, value in row.fields.items():
            assert getattr(product, field) == value, field
        assert {*row.fields} | {"id", "category_id"} == {*kept.__dataclass_fields__}


@settings(max_examples=50)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda body: body.decode("latin-1")))
def test_nonsense_is_told_and_never_fails(nonsense: str) -> None:
    for sheet in (nonsense, HEADING + nonsense):
        with suppress(UnreadableSheetError):
            rows, problems = read_sheet(sheet)
            assert all(problem.message for problem in problems), rows


@pytest.mark.parametrize(
    ("sheet", "row", "words"),
    [
        ("", 1, "empty"),
        ("name,price\r\nHaze,3\r\n", 1, "category is missing"),
        ("category,name,colour\r\n", 1, "'colour'"),
        ("category,name,name\r\n", 1, "twice"),
        ('category,name\r\nflower,"Haze\r\n', 2, "not CSV"),
        ("category,name\r\n" + "flower,x\r\n" * 5_001, 5_002, "5,000"),
        ("category,name\r\nflower," + "x" * 200_000, 2, "not CSV"),
    ],
)
def test_a_file_of_no_use_is_refused_as_a_whole(sheet: str, row: int, words: str) -> None:
    with pytest.raises(UnreadableSheetError, match=words) as refused:
        read_sheet(sheet)
    assert refused.value.row == row


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    return await signed_in(app, Role.ADMIN)


async def send(
    client: httpx.AsyncClient, admin: SignedInPerson, sheet: bytes | str, *, dry: bool = False
) -> httpx.Response:
    body = sheet if isinstance(sheet, bytes) else sheet.encode()
    return await client.post(
        "/api/admin/products/import",
        files={"file": ("products.csv", body, "text/csv")},
        params={"dryRun": str(dry).lower()},
        headers=admin.headers,
    )


async def state_of(db: Database) -> list[object]:
    return [tuple(row) for row in await db.fetch("SELECT * FROM products ORDER BY id")]


async def test_an_export_comes_back_and_changes_nothing(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    category_id = await make_category(db)
    for name in ("=Haze", "Haze", "'Haze"):
        await make_product(
            db, name, category_id=category_id, description="a\r\nb", effects=["happy"], thc_mg=9
        )
    await make_product(db, "Away", category_id=category_id, is_active=False, net_weight_mg=None, thc_mg=None)
    before = await state_of(db)
    exported = await client.get("/api/admin/products/export", headers=admin.headers)
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    taken = await send(client, admin, b"\xef\xbb\xbf" + exported.content)
    assert taken.json() == {
        "dryRun": False,
        "created": 0,
        "changed": 0,
        "unchanged": 4,
        "problems": [],
        "problemsTotal": 0,
    }
    assert await state_of(db) == before


async def test_a_file_adds_and_changes_and_the_same_again_does_nothing(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    await make_category(db)
    sheet = "category,name,price,productClass,netWeightMg,isActive\r\n" + "".join(
        f"flower,Haze {number},3{number}.50,flower,3500,TRUE\r\n" for number in range(3)
    )
    dry = await send(client, admin, sheet, dry=True)
    assert dry.json() == {
        "dryRun": True,
        "created": 3,
        "changed": 0,
        "unchanged": 0,
        "problems": [],
        "problemsTotal": 0,
    }
    assert await state_of(db) == []
    assert (await send(client, admin, sheet)).json()["created"] == 3
    again = await send(client, admin, sheet)
    assert again.json() == {
        "dryRun": False,
        "created": 0,
        "changed": 0,
        "unchanged": 3,
        "problems": [],
        "problemsTotal": 0,
    }
    dearer = "category,name,price\r\nflower,HAZE 1,40\r\n"
    assert (await send(client, admin, dearer)).json()["changed"] == 1
    rows = await db.fetch("SELECT name, price_cents, net_weight_mg FROM products ORDER BY price_cents DESC")
    assert [tuple(row) for row in rows] == [
        ("HAZE 1", 4000, 3500),
        ("Haze 2", 3250, 3500),
        ("Haze 0", 3050, 3500),
    ]
    assert await db.fetchval("SELECT count(*) FROM stock_levels WHERE quantity = 0") == 3
    imports = await db.fetchval("SELECT count(*) FROM audit_log WHERE action = 'catalog.imported'")
    assert imports == 3


async def test_every_bad_cell_is_named_and_nothing_is_taken(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    category_id = await make_category(db)
    for _ in range(2):
        await make_product(db, "Twin", category_id=category_id, thc_mg=9)
    sheet = (
        "id,category,name,price,originalPrice,productClass,netWeightMg,isActive\r\n"
        ",flower,Good,10,,flower,3500,true\r\n"
        f"nonsense,flower,Bad id,10,,flower,3500,true\r\n"
        f"{new_id()},flower,Unknown,10,,flower,3500,true\r\n"
        ",leaves,No category,10,,flower,3500,true\r\n"
        ',flower,,"10,50",,fruit,-5,maybe\r\n'
        ",flower,No price,,,flower,3500,true\r\n"
        ",flower,Dear,10,10,flower,3500,true\r\n"
        ",flower,Unweighed,10,,flower,,true\r\n"
        ",flower,good,11,,flower,3500,true\r\n"
        ",flower,Twin,11,,flower,3500,true\r\n"
        ",flower,Haze, the old one,11,,flower,3500,true\r\n"
        ",flower,Short\r\n"
        ",flower,Underscored,1_0,,flower,3500,true\r\n"
        ",flower,Other digits,\u0661\u0660,1e3,flower,3500,true\r\n"
    )
    before = await state_of(db)
    dry = await send(client, admin, sheet, dry=True)
    told = [(one["row"], one["column"]) for one in dry.json()["problems"]]
    assert told == [
        (3, "id"),
        (4, "id"),
        (5, "category"),
        (6, "isActive"),
        (6, "name"),
        (6, "netWeightMg"),
        (6, "price"),
        (6, "productClass"),
        (7, "price"),
        (8, "originalPrice"),
        (9, "netWeightMg"),
        (10, "name"),
        (11, "id"),
        (12, None),
        (13, None),
        (14, "price"),
        (15, "originalPrice"),
        (15, "price"),
    ]
    assert dry.json()["problemsTotal"] == 18
    assert all(one["message"].endswith(".") for one in dry.json()["problems"])
    refused = await send(client, admin, sheet)
    assert (refused.status_code, refused.json()["code"]) == (422, "IMPORT_REFUSED")
    assert refused.json()["problems"] == dry.json()["problems"]
    assert "There are 17 more such places." in refused.json()["error"]
    assert await state_of(db) == before


async def test_of_very_many_bad_cells_the_first_are_told_and_how_many_there_are(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    sheet = "category,name,price,isActive\r\n" + "flower,,much,perhaps\r\n" * 600
    for answer in (await send(client, admin, sheet, dry=True), await send(client, admin, sheet)):
        told = answer.json()["problems"]
        assert (len(told), answer.json()["problemsTotal"]) == (1000, 1800)
        assert (told[0]["row"], told[-1]["row"]) == (2, 335)
    assert "There are 1799 more such places." in answer.json()["error"]


async def test_who_else_is_served_does_not_wait_for_the_rows(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    category_id = await make_category(db)
    kept = await make_product(db, "Kept", category_id=category_id)
    threads: dict[str, set[int]] = {}

    def noted(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*given: Any, **named: Any) -> Any:
            threads.setdefault(name, set()).add(get_ident())
            return work(*given, **named)

        return noting

    for module, name in (
        (sheet_endpoints, "read_sheet"),
        (sheet_endpoints, "why_not_for_sale"),
        (sheets, "entry_problem"),
        (db_module, "append_values"),
    ):
        monkeypatch.setattr(module, name, noted(name, getattr(module, name)))
    rows = "".join(f",flower,Grinder {number},10,accessory\r\n" for number in range(200))
    sheet = f"id,category,name,price,productClass\r\n{rows}{kept},flower,Kept,11,\r\n"
    taken = await send(client, admin, sheet)
    assert (taken.json()["created"], taken.json()["changed"]) == (200, 1)
    assert len(threads) == 4
    assert all(get_ident() not in seen for name, seen in threads.items() if name != "append_values")
    assert threads["append_values"] - {get_ident()}
    actions = "SELECT count(*) FROM audit_log WHERE action IN ('product.created', 'product.changed')"
    assert await db.fetchval(actions) == 201


async def test_files_that_are_none(client: httpx.AsyncClient, db: Database, admin: SignedInPerson) -> None:
    for body, status, code in (
        (b"\xff\xfe\x00", 422, "IMPORT_REFUSED"),
        (b"PK\x03\x04 a workbook", 422, "IMPORT_REFUSED"),
        (b"x" * (5 * 1024 * 1024 + 1), 413, "FILE_TOO_LARGE"),
        (b"", 422, "VALIDATION_ERROR"),
    ):
        refused = await send(client, admin, body)
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text


async def test_two_imports_at_once_add_a_product_once(
    app: Application, client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    await make_category(db)
    other = await signed_in(app, Role.ADMIN)
    sheet = "category,name,price,productClass\r\nflower,Grinder,10,accessory\r\n"
    answers = await asyncio.gather(send(client, admin, sheet), send(client, other, sheet))
    assert sorted(answer.json()["created"] for answer in answers) == [0, 1]
    assert await db.fetchval("SELECT count(*) FROM products") == 1
