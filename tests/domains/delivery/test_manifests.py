"""The paper of a trip: what is on it, who sees it, how it stays as it was, and how it is printed."""

import asyncio
import json
from pathlib import Path

import asyncpg
import pypdfium2  # type: ignore[import-untyped]  # it has none
import pytest

from factories.delivery import id_check
from factories.road import Road
from factories.strict import MANIFEST, make_strict
from faded_skies.domains.delivery import rules
from faded_skies.domains.delivery.schemas.papers import ManifestAnswer
from faded_skies.platform import wrapped
from faded_skies.platform.keyring import Keyring
from faded_skies.registry import WRAPPED

LICENSE = "T48210377"


async def licensed(road: Road) -> None:
    papers = {"papers": [], "employeeNo": "E-17", "licenseNumber": LICENSE}
    answer = await road.staff("PUT", f"drivers/{road.driver.id}/papers", papers)
    assert answer.status_code == 200, answer.text
    assert LICENSE not in answer.text


def text_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)


async def test_a_manifest_tells_what_the_law_wants_and_no_more(road: Road, folder: Path) -> None:
    make_strict(road.app, folder, MANIFEST)
    await licensed(road)
    order_id = await road.packed()
    trip = await road.on_the_road(order_id)
    url = f"/api/driver/trips/{trip['id']}/manifest"
    answer = await road.client.get(url, headers=road.driver.headers)
    ManifestAnswer.model_validate_json(answer.content)
    manifest = answer.json()["manifest"]
    content = manifest["content"]
    assert (manifest["title"], manifest["version"]) == ("Delivery inventory ledger", 1)
    assert content["retailer"] == {"name": "Faded Skies", "license_no": "TX-1"}
    assert content["driver"] == {"name": "Dana Reyes", "employee_no": "E-17", "license_no": LICENSE}
    assert content["vehicle"] == {"make": "Kia", "model": "Niro", "plate": "FS-1042"}
    assert content["stops"] == [
        {
            "place": 1,
            "order_number": trip["stops"][0]["orderNumber"],
            "address": "1 Main St, Austin, TX 78701",
            "status": "on board",
            "arrived_at": None,
            "ended_at": None,
            "value": 24.5,
            "customer": {"no": road.customer.id.hex[-10:].upper()},
        }
    ]
    (item,) = content["items"]
    assert (item["name"], item["category"], item["units"], item["net_weight_mg"]) == (
        "Barton Haze 3.5 g",
        "flower",
        2,
        7000,
    )
    assert content["totals"] == {"stops": 1, "units": 2, "net_weight_mg": 7000, "value": 24.5}
    for private in ("Łucja", "Okafor", ") 555-", road.customer.email):
        assert private not in answer.text
    by_staff = await road.staff("GET", f"trips/{trip['id']}/manifest")
    assert by_staff.json() == answer.json()
    assert (await road.client.get(url, headers=road.other.headers)).status_code == 404
    assert LICENSE not in json.dumps(await road.db.fetchval("SELECT content FROM manifests"))


async def test_a_new_version_after_each_stop_is_bound_to_the_one_before(road: Road) -> None:
    order_id = await road.packed()
    trip = await road.on_the_road(order_id)
    await road.post(f"orders/{order_id}/deliver", {"idCheck": id_check()})
    rows = await road.db.fetch("SELECT number, version, content, digest FROM manifests ORDER BY version")
    assert [row["version"] for row in rows] == [1, 2]
    assert len({row["number"] for row in rows}) == 1
    assert rows[0]["digest"] == rules.digest_of(rows[0]["content"], before=None)
    assert rows[1]["digest"] == rules.digest_of(rows[1]["content"], before=rows[0]["digest"])
    newest = (await road.staff("GET", f"trips/{trip['id']}/manifest")).json()["manifest"]
    first = (await road.staff("GET", f"trips/{trip['id']}/manifest?version=1")).json()["manifest"]
    assert [one["content"]["stops"][0]["status"] for one in (first, newest)] == ["on board", "delivered"]
    assert (await road.staff("GET", f"trips/{trip['id']}/manifest?version=3")).status_code == 404


async def test_a_manifest_stays_as_it_was_but_for_its_key(road: Road, folder: Path) -> None:
    make_strict(road.app, folder, MANIFEST)
    await licensed(road)
    await road.on_the_road(await road.packed())
    for statement in (
        "UPDATE manifests SET content = '{}'",
        "UPDATE manifests SET license_wrapped = NULL",
        "DELETE FROM manifests",
        "TRUNCATE manifests",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await road.db.fetch(statement)
    new = Keyring.parse(
        "new:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,"
        + road.app.ports.settings.vault_master_keys.get_secret_value()
    )
    for thing in (one for one in WRAPPED if one.table in {"driver_profiles", "manifests"}):
        moved = [done.wrapped async for done in wrapped.rotate(road.db, new, thing)]
        assert moved == [1], thing.what
    number = await road.db.fetchrow("SELECT id, license_wrapped FROM manifests")
    assert number is not None
    assert new.unwrap(number["license_wrapped"], context=f"manifest:{number['id']}") == LICENSE.encode()


async def test_a_plan_has_no_manifest_yet(road: Road) -> None:
    trip = await road.plan(await road.packed())
    url = f"/api/driver/trips/{trip['id']}/manifest"
    answer = await road.client.get(url, headers=road.driver.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_a_manifest_is_printed_the_same_each_time(road: Road, folder: Path) -> None:
    make_strict(road.app, folder, MANIFEST)
    await licensed(road)
    trip = await road.on_the_road(*[await road.packed() for _ in range(3)])
    url = f"/api/admin/trips/{trip['id']}/manifest"
    headers = road.admin.headers | {"Accept": "application/pdf"}
    one, two = await asyncio.gather(*(road.client.get(url, headers=headers) for _ in range(2)))
    assert (one.status_code, one.headers["content-type"]) == (200, "application/pdf")
    assert one.headers["cache-control"] == "no-store"
    assert one.content == two.content
    text = text_of(one.content)
    for part in (
        "Delivery inventory ledger",
        "Dana Reyes",
        LICENSE,
        "FS-1042",
        "Barton Haze 3.5 g",
        "$73.50",
    ):
        assert part in text, text
    refused = await road.client.get(url, headers=road.admin.headers | {"Accept": "image/png"})
    assert (refused.status_code, refused.json()["code"]) == (406, "NOT_ACCEPTABLE")
