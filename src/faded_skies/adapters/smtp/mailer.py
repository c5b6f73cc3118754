"""Mail by SMTP (RFC 5321), a connection for each, a few at once.

What the server says decides: a refusal of the recipient or of the content for good (5xx) ends the mail; a refusal for
now (4xx), a lost connection, and everything that is wrong with our account or the server lets it wait. An answer lost
after the content is not known to be a refusal: the mail is sent again with the same Message-ID. How the goodbye goes
decides nothing.
"""

import asyncio
import ssl
from contextlib import suppress
from email.message import EmailMessage
from uuid import UUID

import aiosmtplib
import structlog

from faded_skies.adapters.smtp.composing import compose
from faded_skies.domains.notifications.ports import Delayed, Email, Undeliverable
from faded_skies.platform import tracing
from faded_skies.platform.outbound import refuse_inside_transaction
from faded_skies.platform.settings.messages import MailAccount

log = structlog.get_logger()

_PATIENCE = 30.0
_WHOLE_PATIENCE = 90.0
_GOODBYE = 5.0
_AT_ONCE = 5
_FOR_GOOD = range(500, 600)
# RFC 5321 §4.2.1: these say that the server does not take the command, or us; another mail would fare no better.
_OURS = {500, 501, 502, 503, 504, 530, 535, 538}


class SmtpMailer:
    """Hands mails to the shop's mail server."""

    def __init__(self, account: MailAccount, *, sender: str) -> None:
        self._account = account
        self._sender = sender
        self._tls = ssl.create_default_context(
            cafile=None if account.ca_file is None else str(account.ca_file)
        )
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def send(self, message_id: UUID, email: Email) -> None:
        refuse_inside_transaction("The mailer")
        message = compose(message_id, email, sender=self._sender)
        async with self._turns:
            client = self._client()
            try:
                async with asyncio.timeout(_WHOLE_PATIENCE):
                    await self._hand_over(client, message, email.to)
            except aiosmtplib.SMTPRecipientsRefused as error:
                raise self._refusal(error.recipients[0].code, error.recipients[0].message, email.to) from None
            except aiosmtplib.SMTPDataError as error:
                raise self._refusal(error.code, error.message, email.to) from None
            except aiosmtplib.SMTPResponseException as error:
                # Greeting, STARTTLS, sign-in or our own address: no word on this mail.
                log.warning("mail_server_refuses_us", code=error.code, step=type(error).__name__)
                raise Delayed(f"the mail server refuses us: {error.code}") from None
            except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
                raise Delayed(f"the mail server cannot be used: {type(error).__name__}") from None
            finally:
                await _part(client)

    async def check(self) -> None:
        """Say hello to the server. Raises what aiosmtplib raises where it does not answer, or without TLS."""
        refuse_inside_transaction("The mailer")
        async with self._client():
            return

    def _client(self) -> aiosmtplib.SMTP:
        account = self._account
        return aiosmtplib.SMTP(
            hostname=account.host,
            port=account.port,
            use_tls=account.tls == "implicit",
            start_tls=account.tls == "starttls",
            tls_context=self._tls if account.tls != "none" else None,
            timeout=_PATIENCE,
        )

    async def _hand_over(self, client: aiosmtplib.SMTP, message: EmailMessage, to: str) -> None:
        account = self._account
        words: tracing.Words = {
            "server.address": account.host,
            "server.port": account.port,
            "network.protocol.name": "smtp",
        }
        with tracing.calling(f"SMTP {account.host}", words):
            await client.connect()
            if account.user is not None and account.password is not None:
                await client.login(account.user, account.password.get_secret_value())
            await client.send_message(message, sender=self._sender, recipients=[to])

    def _refusal(self, code: int, told: str, to: str) -> Delayed | Undeliverable:
        # The reason is kept for staff; whom it was for stands beside it already.
        reason = f"{code} {told}".replace(to, "the address")
        return Undeliverable(reason) if code in _FOR_GOOD and code not in _OURS else Delayed(reason)


async def _part(client: aiosmtplib.SMTP) -> None:
    """Say goodbye where the server still listens, and hang up."""
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(_GOODBYE):
            await client.quit()
    client.close()
