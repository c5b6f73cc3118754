"""A VendorVerifier by Jumio: an account and a workflow for each verification, and what came of it.

Jumio's API guide, "Account creation", "Retrieval" and "Callback". The callback is believed in nothing: what happened
is fetched by the ids that Jumio gave us when the case was opened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

import structlog

from faded_skies.adapters.jumio.caller import Caller, Hosts, JumioDown
from faded_skies.domains.verification.ports import (
    Case,
    Consent,
    Cut,
    Licence,
    Opinion,
    Reference,
    Verdict,
)
from faded_skies.platform.networks import Network

log = structlog.get_logger()

_TOKEN_LIFETIME = "1d"  # noqa: S105 - for how long the person may take
_COUNTRIES: Mapping[str, Literal["USA", "CAN", "MEX"]] = {"USA": "USA", "CAN": "CAN", "MEX": "MEX"}
_OPEN = {"INITIATED", "ACQUISITION_STARTED", "ACQUIRED"}
_OVER = {"SESSION_EXPIRED", "TOKEN_EXPIRED"}
_NOT_FINISHED = "The check was not finished in time. Start it again from your profile."
_REFUSED = "The check did not accept your papers. Use a valid, undamaged ID and good light, then try again."


@dataclass(frozen=True, slots=True)
class Workflow:
    """How the shop uses Jumio: which workflow, and where people and callbacks come back to."""

    key: int
    callback_url: str
    success_url: str
    error_url: str


class JumioVerifier:
    """Opens cases at Jumio and reads what came of them."""

    method: Literal["jumio"] = "jumio"

    def __init__(
        self,
        caller: Caller,
        hosts: Hosts,
        workflow: Workflow,
        *,
        callback_networks: Sequence[Network],
    ) -> None:
        self._caller = caller
        self._hosts = hosts
        self._workflow = workflow
        self.callback_networks = callback_networks

    async def open(self, verification_id: UUID, user_id: UUID, consent: Consent) -> Reference:
        """Open a case, with the consent that US law asks for; nothing personal goes along. Raises JumioDown."""
        answer = await self._caller.ask(
            "POST",
            f"{self._hosts.account}/api/v1/accounts",
            {
                "customerInternalReference": str(verification_id),
                "userReference": str(user_id),
                "workflowDefinition": {"key": self._workflow.key},
                "callbackUrl": self._workflow.callback_url,
                "tokenLifetime": _TOKEN_LIFETIME,
                "web": {"successUrl": self._workflow.success_url, "errorUrl": self._workflow.error_url},
                "userConsent": {
                    "userIp": consent.address,
                    "userLocation": {"country": "USA", "state": consent.state},
                    "consent": {
                        "obtained": "yes",
                        "obtainedAt": consent.given_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                    },
                },
            },
        )
        try:
            return Reference(
                _text(answer["account"]["id"]),
                _text(answer["workflowExecution"]["id"]),
                _text(answer["web"]["href"]),
            )
        except (KeyError, TypeError):
            log.error("jumio_spoke_nonsense")  # noqa: TRY400 - a KeyError's text may quote the answer
            raise JumioDown from None

    async def judge(self, case: Case) -> Opinion:
        """Return what Jumio found, or that it is not through yet. Raises JumioDown."""
        if case.reference is None:
            return Opinion(Verdict.WAITING)
        account, execution = case.reference.account_id, case.reference.execution_id
        found = await self._caller.ask(
            "GET",
            f"{self._hosts.retrieval}/api/v1/accounts/{quote(account, safe='')}"
            f"/workflow-executions/{quote(execution, safe='')}",
        )
        try:
            return _opinion(found, case)
        except (KeyError, TypeError, ValueError, AttributeError):
            log.error("jumio_spoke_nonsense")  # noqa: TRY400 - the error's text may quote the answer
            return Opinion(Verdict.DOUBTFUL, reason="Jumio's answer could not be read.")


def _opinion(found: Mapping[str, Any], case: Case) -> Opinion:
    workflow = found["workflow"]
    if not _is_ours(found, case):
        log.error("jumio_answered_for_another", verification_id=str(case.verification_id))
        return Opinion(Verdict.DOUBTFUL, reason="Jumio answered for another case.")
    if workflow["status"] in _OPEN:
        return Opinion(Verdict.WAITING)
    if workflow["status"] in _OVER:
        return Opinion(Verdict.REFUSED, reason=_NOT_FINISHED)
    decision = found["decision"]["type"]
    licence = _licence(found.get("capabilities", {}))
    if decision == "PASSED" and licence is not None:
        return Opinion(Verdict.PASSED, licence)
    if decision == "REJECTED":
        return Opinion(Verdict.REFUSED, licence, _REFUSED)
    # WARNING, NOT_EXECUTED, and what may come in later editions: a person looks.
    return Opinion(Verdict.DOUBTFUL, licence, f"Jumio's decision: {_text(decision)[:50]}.")


def _is_ours(found: Mapping[str, Any], case: Case) -> bool:
    reference = case.reference
    return (
        reference is not None
        and found["workflow"]["id"] == reference.execution_id
        and found["account"]["id"] == reference.account_id
        and found["workflow"].get("customerInternalReference") == str(case.verification_id)
    )


def _licence(capabilities: Mapping[str, Any]) -> Licence | None:
    """Return what Jumio read off the document; None when it did not read all that identifies one."""
    for extraction in capabilities.get("extraction", ()):
        data = extraction.get("data") or {}
        if not (data.get("documentNumber") and data.get("dateOfBirth") and data.get("lastName")):
            continue
        state = str(data.get("state") or "").upper()
        return Licence(
            number="".join(char for char in str(data["documentNumber"]).upper() if char.isalnum()),
            issuer=state if len(state) == 2 else None,  # noqa: PLR2004 - the letters of a state
            country=_COUNTRIES.get(str(data.get("issuingCountry", ""))),
            family_name=str(data["lastName"]),
            first_name=str(data.get("firstName") or ""),
            middle_names="",
            suffix=None,
            # Jumio does not tell what a card had no room for.
            family_cut=Cut.UNKNOWN,
            first_cut=Cut.UNKNOWN,
            middle_cut=Cut.UNKNOWN,
            date_of_birth=date.fromisoformat(data["dateOfBirth"]),
            expires_on=date.fromisoformat(data["expiryDate"]) if data.get("expiryDate") else None,
            issued_on=None,
            iin="",
            version=0,
        )
    return None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
