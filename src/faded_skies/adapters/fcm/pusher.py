"""Pushes by FCM's HTTP v1 API, through Google's own SDK; each device is judged by its own answer.

firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode: UNREGISTERED and SENDER_ID_MISMATCH mean a dead token, and
INVALID_ARGUMENT only when it names the token: else the message is at fault, and the token is good. QUOTA_EXCEEDED,
UNAVAILABLE, INTERNAL and whatever is wrong with our key let the device wait, as long as Retry-After says.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from uuid import UUID

import structlog
from firebase_admin import App, exceptions, messaging

from faded_skies.domains.notifications.ports import Delayed, Push, PushReport
from faded_skies.platform import clock, vendor_news
from faded_skies.platform.outbound import refuse_inside_transaction

log = structlog.get_logger()

_GONE = (messaging.UnregisteredError, messaging.SenderIdMismatchError)
_TOKEN_FIELD = "message.token"  # noqa: S105 - a field's name

_WHOLE_PATIENCE = 60.0
_MOST_DIGITS = 6

Fate = Literal["reached", "gone", "delayed", "refused"]


class FcmPusher:
    """Pushes in the name of one Firebase project."""

    def __init__(self, app: App, *, icon: str) -> None:
        self._app = app
        self._icon = icon

    async def push(
        self, message_id: UUID, push: Push, *, devices: Sequence[str], good_until: datetime | None = None
    ) -> PushReport:
        refuse_inside_transaction("The pusher")
        if not devices:
            return PushReport()
        messages = [self._compose(message_id, push, token, good_until) for token in devices]
        # In threads: the SDK's asynchronous way fetches its access token without awaiting it.
        try:
            async with asyncio.timeout(_WHOLE_PATIENCE):
                batch = await asyncio.to_thread(messaging.send_each, messages, app=self._app)
        except TimeoutError:
            vendor_news.failed("push", "no answer in time")
            raise Delayed("the push service cannot be used: no answer in time") from None
        except exceptions.FirebaseError as error:
            # For all devices alike: no access token, or what the SDK does not know either.
            log.warning("push_service_cannot_be_used", message_id=str(message_id), cause=_name(error))
            vendor_news.failed("push", _name(error))
            raise Delayed(f"the push service cannot be used: {_name(error)}") from None
        fates: dict[Fate, list[str]] = {"reached": [], "gone": [], "delayed": [], "refused": []}
        reasons: dict[Fate, str] = {}
        waits: list[timedelta] = []
        for token, answer in zip(devices, batch.responses, strict=True):
            fate = "reached" if answer.success else _judge(answer.exception)
            fates[fate].append(token)
            if not answer.success:
                reasons[fate] = _name(answer.exception)
                waits += [] if fate != "delayed" else _wait_asked(answer.exception)
                log.info("push_not_delivered", message_id=str(message_id), fate=fate, cause=reasons[fate])
        if len(fates["delayed"]) == len(devices):
            vendor_news.failed("push", reasons["delayed"])
        else:
            vendor_news.answered("push")
        return PushReport(
            reached=tuple(fates["reached"]),
            gone=tuple(fates["gone"]),
            delayed=tuple(fates["delayed"]),
            reason=reasons.get("delayed"),
            retry_after=max(waits, default=None),
            refused=reasons.get("refused"),
        )

    def _compose(
        self, message_id: UUID, push: Push, token: str, good_until: datetime | None
    ) -> messaging.Message:
        # The same tag twice: a phone that gets a push again shows it once.
        tag = str(message_id)
        ttl, for_apple, for_browsers = None, {}, {}
        if good_until is not None:
            # Else FCM keeps it for four weeks for a phone that is off. Apple wants the moment, the others seconds.
            ttl = max(good_until - clock.now(), timedelta())
            for_apple = {"apns-expiration": str(int(good_until.timestamp()))}
            for_browsers = {"TTL": str(int(ttl.total_seconds()))}
        return messaging.Message(
            token=token,
            notification=messaging.Notification(title=push.title, body=push.body),
            data={**push.data, "messageId": tag},
            android=messaging.AndroidConfig(ttl=ttl, notification=messaging.AndroidNotification(tag=tag)),
            apns=messaging.APNSConfig(headers={"apns-collapse-id": tag, **for_apple}),
            webpush=messaging.WebpushConfig(
                headers=for_browsers or None,
                notification=messaging.WebpushNotification(icon=self._icon, tag=tag),
            ),
        )


def _judge(error: exceptions.FirebaseError) -> Fate:
    if isinstance(error, _GONE):
        return "gone"
    if isinstance(error, exceptions.InvalidArgumentError):
        return "gone" if _TOKEN_FIELD in _fields_at_fault(error) else "refused"
    return "delayed"


def _name(error: exceptions.FirebaseError) -> str:
    if isinstance(error, messaging.UnregisteredError):
        return "UNREGISTERED"
    return str(error.code)


def _wait_asked(error: exceptions.FirebaseError) -> list[timedelta]:
    """Return how long Retry-After asks us to wait: seconds or a date (RFC 9110 §10.2.3); nothing for anything else."""
    told = "" if error.http_response is None else error.http_response.headers.get("Retry-After", "")
    if told.isdecimal() and len(told) <= _MOST_DIGITS:
        return [timedelta(seconds=int(told))]
    try:
        return [parsedate_to_datetime(told) - clock.now()]
    except (TypeError, ValueError):
        return []


def _fields_at_fault(error: exceptions.FirebaseError) -> set[str]:
    """Return the fields that a google.rpc.BadRequest among the details names."""
    try:
        told: Any = error.http_response.json()
        details = told["error"].get("details", ())
        return {one["field"] for part in details for one in part.get("fieldViolations", ())}
    except (AttributeError, KeyError, TypeError, ValueError):
        return set()
