"""What staff sees of reports and does about one that was rejected; and the daily comparison."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from factories.catalog import make_product
from factories.tracing import CENTRAL, TAG, Tracing, law_says
from faded_skies.domains.traceability import service
from faded_skies.platform import clock
from faded_skies.platform.ids import new_id
from faded_skies.platform.keyring import Keyring


async def rejected(tracing: Tracing) -> str:
    """A receipt of goods that were sold without a tag."""
    loose = await make_product(tracing.db, "Old stock", price_cents=2000, stock=5)
    await tracing.trade.deliver(await tracing.trade.order((loose, 2)))
    (report,) = await tracing.queue()
    return str(report["id"])


async def sold(tracing: Tracing) -> None:
    order = await tracing.packed(1)
    await tracing.depart(order)
    await tracing.deliver(order)
    await tracing.queue()


async def test_a_rejected_report_is_put_right_and_sent(tracing: Tracing) -> None:
    report_id = await rejected(tracing)
    shown = (await tracing.staff("GET", f"reports/{report_id}")).json()["report"]
    assert (shown["state"], shown["payload"]["goods"][0]["price"]) == ("rejected", 40.0)
    early = await tracing.staff("POST", f"reports/{report_id}/requeue")
    assert (early.status_code, early.json()["code"]) == (422, "VALIDATION_ERROR")
    wrong: dict[str, Any]
    for wrong in (
        {"goods": [{"tag": "small"}]},
        {"goods": []},
        {"reason": "x"},
        {"goods": [{"quantity": "x"}]},
    ):
        answer = await tracing.staff("PATCH", f"reports/{report_id}", {"payload": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), wrong
    right = {"payload": {"goods": [{"tag": TAG, "price": 38.5}]}}
    corrected = (await tracing.staff("PATCH", f"reports/{report_id}", right)).json()["report"]
    assert (corrected["state"], corrected["payload"]["goods"][0]["tag"]) == ("rejected", TAG)
    assert await tracing.send() == 0
    assert (await tracing.staff("POST", f"reports/{report_id}/requeue")).json()["report"][
        "state"
    ] == "waiting"
    assert await tracing.send() == 1
    told = (await tracing.staff("GET", f"reports/{report_id}")).json()["report"]
    assert [entry["what"] for entry in told["history"]] == ["rejected", "corrected", "requeued", "sent"]
    assert [entry["by"] for entry in told["history"]] == [None, *[str(tracing.trade.admin.id)] * 2, None]
    assert tracing.peer.told[0][1][0]["Transactions"][0]["TotalAmount"] == 38.5
    actions = await tracing.db.fetch(
        "SELECT action FROM audit_log WHERE object_id = $1 ORDER BY seq", UUID(report_id)
    )
    assert [row["action"] for row in actions] == ["trace_report.corrected", "trace_report.requeued"]
    for method, path, body in (
        ("POST", "requeue", None),
        ("POST", "cancel", {"reason": "Too late."}),
        ("PATCH", "", right),
    ):
        late = await tracing.staff(method, f"reports/{report_id}/{path}".rstrip("/"), body)
        assert (late.status_code, late.json()["code"]) == (409, "INVALID_STATE")


async def test_a_cancelled_report_is_never_sent(tracing: Tracing) -> None:
    await sold(tracing)
    (report,) = await tracing.reports()
    path = f"reports/{report['id']}/cancel"
    key = {"reason": "Entered by hand."}
    first = await tracing.staff("POST", path, key)
    assert (first.status_code, first.json()["report"]["state"]) == (200, "cancelled")
    assert await tracing.send() == 0
    assert tracing.peer.asked == []
    entry = first.json()["report"]["history"][-1]
    assert (entry["what"], entry["detail"]) == ("cancelled", "Entered by hand.")


async def test_a_report_that_waits_is_not_corrected_and_one_being_sent_is_left_alone(
    tracing: Tracing,
) -> None:
    await sold(tracing)
    (report,) = await tracing.reports()
    url = f"reports/{report['id']}"
    answer = await tracing.staff("PATCH", url, {"payload": {"goods": [{"tag": TAG}]}})
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    await tracing.db.fetch("UPDATE trace_reports SET state = 'sending', claimed_at = now()")
    for path, body in (("requeue", None), ("cancel", {"reason": "No."})):
        answer = await tracing.staff("POST", f"{url}/{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")


async def test_lists_are_by_state_and_trip_and_strangers_are_absent(tracing: Tracing) -> None:
    await rejected(tracing)
    await sold(tracing)
    every = (await tracing.staff("GET", "reports")).json()
    assert (every["total"], every["hasMore"]) == (2, False)
    only = (await tracing.staff("GET", "reports", params={"state": "rejected"})).json()
    assert [one["state"] for one in only["reports"]] == ["rejected"]
    none = (await tracing.staff("GET", "reports", params={"trip": str(new_id())})).json()
    assert none == {"reports": [], "total": 0, "hasMore": False}
    page = (await tracing.staff("GET", "reports", params={"limit": 1})).json()
    assert (len(page["reports"]), page["total"], page["hasMore"]) == (1, 2, True)
    assert (await tracing.staff("GET", f"reports/{new_id()}")).status_code == 404


async def test_the_status_says_what_is_required_and_connected(tracing: Tracing) -> None:
    status = (await tracing.staff("GET", "status")).json()["status"]
    assert (status["required"], status["connected"], status["pilesUp"]) == (True, True, False)
    assert status["lastSuccessAt"] is None
    health = (await tracing.trade.client.get("/health")).json()
    assert health["checks"]["metrc"]["status"] == "double"
    await rejected(tracing)
    await tracing.db.fetch(
        "UPDATE trace_reports SET due_at = now() - interval '1 minute', warn_at = now() - interval '1 hour'"
    )
    status = (await tracing.staff("GET", "status")).json()["status"]
    assert (status["counts"]["rejected"], status["overdue"]) == (1, 1)


async def test_a_lost_licence_number_is_a_sentence_and_no_stop_of_the_sender(tracing: Tracing) -> None:
    law_says(tracing.app, flow="retailer_delivery")
    await sold(tracing)
    other = Keyring.parse("other:8vJ3c1mZ0bq7Xy8kU2hWnR5tLsE4dGfAoPiQwVrBxCk=")
    object.__setattr__(tracing.sender, "keyring", other)
    await tracing.send()
    first, *rest = await tracing.reports()
    assert (first["state"], {row["state"] for row in rest}) == ("rejected", {"waiting"})
    assert "licence number cannot be read" in first["last_error"]
    assert tracing.peer.asked == []


# The comparison of every day


async def compare(tracing: Tracing, *, hours: int = 1) -> bool:
    now = clock.now() + timedelta(hours=hours)
    return await service.compare(tracing.db, tracing.sender.system, timezone=CENTRAL, now=now)


async def differences(tracing: Tracing, **query: object) -> list[tuple[str, str, str | None, str | None]]:
    found = (await tracing.staff("GET", "differences", params=query)).json()["differences"]
    return sorted((one["kind"], one["subject"], one["ours"], one["theirs"]) for one in found)


async def test_books_that_agree_differ_in_nothing(tracing: Tracing) -> None:
    await sold(tracing)
    await tracing.packed(3)  # packed for another order, still ours and theirs
    await tracing.send()
    assert await compare(tracing)
    assert await differences(tracing) == []
    assert (await tracing.staff("GET", "status")).json()["status"]["comparedAt"] is not None


async def test_what_differs_is_kept_once_and_closed_when_it_is_right_again(tracing: Tracing) -> None:
    await sold(tracing)
    await tracing.send()
    (receipt,) = tracing.peer.receipts.values()
    receipt["TotalPrice"] = 39.0
    tracing.peer.packages[TAG]["Quantity"] -= 2
    tracing.peer.stock("1A4060300002EE1STRANGE", 7)
    stranger = receipt | {"Id": 999, "ExternalReceiptNumber": "POS-1", "TotalPrice": 5.0}
    tracing.peer.receipts[999] = stranger
    number = receipt["ExternalReceiptNumber"]
    expected = [
        ("package_quantity", TAG, "59 Each", "57 Each"),
        ("package_unknown", "1A4060300002EE1STRANGE", None, "7 Each"),
        ("sale_amount", number, "40.00", "39.00"),
        ("sale_unknown", "POS-1", None, "5.00"),
    ]
    with structlog.testing.capture_logs() as logs:
        assert await compare(tracing)
        assert await compare(tracing)
    assert await differences(tracing) == expected
    behind = await tracing.staff("GET", "differences", params={"offset": 50})
    assert behind.json()["total"] == len(expected)
    (line, _) = [one for one in logs if one["event"] == "metrc_differs"]
    assert (line["log_level"], line["sale_unknown"], line["package_missing"]) == ("error", 1, 0)
    assert TAG not in str(logs)

    tracing.peer.packages[TAG]["Quantity"] += 2
    del tracing.peer.packages["1A4060300002EE1STRANGE"], tracing.peer.receipts[999]
    receipt["TotalPrice"] = 40.0
    assert await compare(tracing)
    assert await differences(tracing, open="true") == []
    assert len(await differences(tracing, open="false")) == 4


async def test_a_sale_that_is_gone_and_a_package_that_is_not_there_are_found(tracing: Tracing) -> None:
    await sold(tracing)
    await tracing.send()
    (number,) = (one["ExternalReceiptNumber"] for one in tracing.peer.receipts.values())
    tracing.peer.receipts.clear()
    tracing.peer.packages.clear()
    assert await compare(tracing)
    assert await differences(tracing) == [
        ("package_missing", TAG, "59 Each", None),
        ("sale_missing", number, "40.00", None),
    ]


async def test_a_package_of_which_something_is_still_to_tell_is_no_news(tracing: Tracing) -> None:
    await sold(tracing)
    assert await compare(tracing)
    assert await differences(tracing) == []


async def test_without_an_answer_nothing_is_found_and_nothing_is_closed(tracing: Tracing) -> None:
    tracing.peer.packages[TAG]["Quantity"] -= 2
    assert await compare(tracing)
    tracing.peer.down = True
    assert not await compare(tracing)
    assert len(await differences(tracing, open="true")) == 1
