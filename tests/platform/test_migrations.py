"""Migrations go up and down, alone or two at once, and a failing one is undone and named."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from factories.migrations import numbers_of, write_steps
from faded_skies.platform import migrations
from faded_skies.platform.migrations import MigrationError, migrate

NEWEST = len(migrations.read())

SCHEMA = """
SELECT 'column' AS kind, format('%s.%s.%s', c.relname, a.attname, a.attnum) AS name,
    concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, a.attidentity,
        pg_get_expr(d.adbin, d.adrelid)) AS definition
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname = 'public' AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm')
UNION ALL
SELECT 'constraint', format('%s.%s', conrelid::regclass, conname), pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'trigger', format('%s.%s', tgrelid::regclass, tgname), pg_get_triggerdef(oid)
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'function', p.oid::regprocedure::text, md5(prosrc)
FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT 'type', t.typname,
    (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)
FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype = 'e'
UNION ALL
SELECT 'sequence', sequencename, concat_ws(' ', data_type, start_value, increment_by) FROM pg_sequences
WHERE schemaname = 'public'
ORDER BY 1, 2
"""


async def schema_of(url: str) -> list[tuple[str, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(SCHEMA)]
    finally:
        await connection.close()


async def test_down_to_nothing_and_up_again_is_the_same_schema(fresh_database_url: str) -> None:
    before = await schema_of(fresh_database_url)
    assert len(before) > 200
    assert await migrate(fresh_database_url) == 0
    assert await migrate(fresh_database_url, to=0) == NEWEST
    left = await schema_of(fresh_database_url)
    assert {name.partition(".")[0] for kind, name, _ in left if kind == "column"} == {"schema_migrations"}
    assert [name for kind, name, _ in left if kind in {"type", "sequence", "function", "trigger"}] == []
    assert await migrate(fresh_database_url) == NEWEST
    assert await schema_of(fresh_database_url) == before


async def test_each_step_can_be_taken_back_by_itself(fresh_database_url: str) -> None:
    await migrate(fresh_database_url, to=1)
    for number in range(1, NEWEST):
        assert await numbers_of(fresh_database_url) == list(range(1, number + 1))
        before = await schema_of(fresh_database_url)
        await migrate(fresh_database_url, to=number + 1)
        await migrate(fresh_database_url, to=number)
        assert await schema_of(fresh_database_url) == before, f"step {number + 1} is not wholly taken back"
        await migrate(fresh_database_url, to=number + 1)


async def test_two_at_once_do_it_once(fresh_database_url: str) -> None:
    await migrate(fresh_database_url, to=0)
    counts = await asyncio.gather(*(migrate(fresh_database_url) for _ in range(4)))
    assert sorted(counts) == [0, 0, 0, NEWEST]
    assert await numbers_of(fresh_database_url) == list(range(1, NEWEST + 1))


async def test_a_failing_step_is_undone_and_named_and_those_before_it_stay(
    fresh_database_url: str, tmp_path: Path
) -> None:
    await migrate(fresh_database_url, to=0)
    folder = write_steps(
        tmp_path,
        ("CREATE TABLE one (id int)", "DROP TABLE one"),
        ("CREATE TABLE two (id int); SELECT 1 / 0", "DROP TABLE two"),
        ("CREATE TABLE three (id int)", "DROP TABLE three"),
    )
    with pytest.raises(MigrationError, match=r"^0002_step\.up\.sql failed and was undone: division by zero$"):
        await migrate(fresh_database_url, folder=folder)
    assert await numbers_of(fresh_database_url) == [1]
    tables = {
        name.partition(".")[0] for kind, name, _ in await schema_of(fresh_database_url) if kind == "column"
    }
    assert tables == {"schema_migrations", "one"}
    (folder / "0002_step.up.sql").write_text("CREATE TABLE two (id int)")
    assert await migrate(fresh_database_url, folder=folder) == 2


async def test_an_older_release_leaves_a_newer_database_alone(
    fresh_database_url: str, tmp_path: Path
) -> None:
    folder = write_steps(tmp_path, ("CREATE TABLE one (id int)", "DROP TABLE one"))
    with pytest.raises(MigrationError, match="run the newer release"):
        await migrate(fresh_database_url, folder=folder)
    assert await numbers_of(fresh_database_url) == list(range(1, NEWEST + 1))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["0001_a.up.sql"], "has no 0001_a.down.sql beside it"),
        (["1_a.up.sql", "1_a.down.sql"], "is not named NNNN_name.up.sql"),
        (["0002_a.up.sql", "0002_a.down.sql"], "without gaps"),
        (["0001_a.up.sql", "0001_a.down.sql", "0001_b.up.sql", "0001_b.down.sql"], "without gaps"),
    ],
    ids=["no way down", "another name", "a gap", "a number twice"],
)
def test_a_folder_that_is_not_in_order_is_refused(tmp_path: Path, names: list[str], sentence: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(MigrationError, match=sentence):
        migrations.read(tmp_path)


async def test_there_is_no_migration_beyond_the_newest(fresh_database_url: str) -> None:
    with pytest.raises(MigrationError, match=f"there is no migration {NEWEST + 1}; the newest is {NEWEST}"):
        await migrate(fresh_database_url, to=NEWEST + 1)
