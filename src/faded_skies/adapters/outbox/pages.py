"""The outbox as HTML pages. What a message holds is escaped, or shut into a frame without scripts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from uuid import UUID

import orjson

from faded_skies.adapters.outbox.outbox import Sent
from faded_skies.domains.notifications.ports import Email

# Without allow-scripts and allow-same-origin a mail is only shown; its links open beside it.
_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"


def list_page(messages: Sequence[Sent]) -> str:
    rows = "".join(
        f"<tr><td>{_time(sent.id)}</td><td>{_kind(sent)}</td><td>{escape(_whom(sent))}</td>"
        f'<td><a href="/outbox/{sent.id}">{escape(_title(sent))}</a></td></tr>'
        for sent in messages
    )
    if not messages:
        rows = '<tr><td colspan="4">Nothing has been sent yet. Register, and look again.</td></tr>'
    return _page(
        "Outbox",
        "<p>The mails and pushes of this demo shop, the newest first. None of them left this machine.</p>"
        f"<table><tr><th>Sent (UTC)</th><th>By</th><th>To</th><th>Subject</th></tr>{rows}</table>",
    )


def message_page(sent: Sent) -> str:
    if isinstance(sent.content, Email):
        framed = f'<base target="_blank">{sent.content.html}'
        body = (
            f'<iframe sandbox="{_SANDBOX}" srcdoc="{escape(framed)}"></iframe>'
            f"<h2>Plain text</h2><pre>{escape(sent.content.text)}</pre>"
        )
    else:
        data = orjson.dumps(sent.content.data, option=orjson.OPT_INDENT_2).decode()
        body = f"<p>{escape(sent.content.body)}</p><pre>{escape(data)}</pre>"
    return _page(
        _title(sent),
        f'<p><a href="/outbox">All messages</a> · {_kind(sent)} to {escape(_whom(sent))}'
        f" · {_time(sent.id)} UTC</p>"
        f"{body}",
    )


def missing_page() -> str:
    return _page("Not here", '<p>There is no such message. <a href="/outbox">See all messages</a></p>')


def _title(sent: Sent) -> str:
    return sent.content.subject if isinstance(sent.content, Email) else sent.content.title


def _kind(sent: Sent) -> str:
    return "e-mail" if isinstance(sent.content, Email) else "push"


def _whom(sent: Sent) -> str:
    if isinstance(sent.content, Email):
        return sent.content.to
    return "one device" if sent.devices == 1 else f"{sent.devices} devices"


def _time(message_id: UUID) -> str:
    # The first 48 bits of a UUIDv7 are milliseconds since 1970.
    return f"{datetime.fromtimestamp((message_id.int >> 80) / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>
<style>
body {{ margin: 0 auto; max-width: 960px; padding: 24px; font: 16px/1.5 system-ui; color: #1f2933 }}
table {{ width: 100%; border-collapse: collapse }}
th, td {{ padding: 8px; text-align: left; border-bottom: 1px solid #d9e0e6; overflow-wrap: anywhere }}
iframe {{ width: 100%; height: 640px; border: 1px solid #d9e0e6; border-radius: 8px }}
pre {{ padding: 16px; background: #f4f6f8; white-space: pre-wrap; overflow-wrap: anywhere }}
a {{ color: #2f6f5e }}
</style></head>
<body><h1>{escape(title)}</h1>{body}</body>
</html>
"""
