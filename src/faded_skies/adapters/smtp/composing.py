"""A mail as bytes (RFC 5322), with a plain and an HTML part."""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

from faded_skies.domains.notifications.ports import Email
from faded_skies.platform import clock


def compose(message_id: UUID, email: Email, *, sender: str) -> EmailMessage:
    """Return the mail; what is sent twice has the same Message-ID.

    Mails that can be unsubscribed from say how, for one click (RFC 8058); the mail service must sign these fields.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Faded Skies <{sender}>"
    message["To"] = email.to
    message["Subject"] = " ".join(email.subject.split())
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
    if email.unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{email.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    else:
        # RFC 3834 §5: nobody's holiday reply shall answer it.
        message["Auto-Submitted"] = "auto-generated"
    message.set_content(email.text)
    message.add_alternative(email.html, subtype="html")
    return message
