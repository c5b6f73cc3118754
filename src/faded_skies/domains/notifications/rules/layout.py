"""How a letter becomes a mail: plain text and HTML, with everything that people typed escaped."""

from html import escape

from faded_skies.domains.notifications.rules.messages import SHOP, Email, Letter


def lay_out(letter: Letter, *, origin: str, unsubscribe: str | None = None) -> Email:
    """Return the mail for a letter.

    `origin` is the customer app's, such as https://shop.example; `unsubscribe` is for what needs consent.
    """
    greeting, link = _greeting(letter.full_name), f"{origin}{letter.path}"
    foot = [*(letter.small_print or [SHOP]), "For adults of 21 and over."]
    html = _PAGE.format(
        subject=escape(letter.subject),
        heading=_heading(letter.subject),
        shop=escape(SHOP),
        greeting=escape(greeting),
        picture=_PICTURE.format(address=escape(letter.picture)) if letter.picture else "",
        paragraphs="".join(f'<p style="margin:0 0 16px">{_lines(text)}</p>' for text in letter.paragraphs),
        table=_table(letter),
        link=escape(link),
        button=escape(letter.button),
        foot="".join(f'<p style="margin:0 0 8px">{escape(line)}</p>' for line in foot) + _stop(unsubscribe),
    )
    return Email(
        letter.to, letter.subject, _text(letter, greeting, link, foot, unsubscribe), html, unsubscribe
    )


def _text(letter: Letter, greeting: str, link: str, foot: list[str], unsubscribe: str | None) -> str:
    parts = [greeting, *letter.paragraphs]
    if letter.table or letter.totals:
        rows = [*letter.table, *letter.totals]
        wide = max(len(amount) for _, amount in rows)
        parts.append("\n".join(f"{amount:>{wide}}  {name}" for name, amount in rows))
    parts += [f"{letter.button}:\n{link}", "\n".join(foot)]
    if unsubscribe is not None:
        parts.append(f"No more offers:\n{unsubscribe}")
    return "\n\n".join(parts) + "\n"


def _heading(subject: str) -> str:
    # A phone would break a number such as FS-1001 at its hyphen.
    return " ".join(
        f'<span style="white-space:nowrap">{escape(word)}</span>'
        if "-" in word and len(word) <= _WHOLE_WORD
        else escape(word)
        for word in subject.split()
    )


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _table(letter: Letter) -> str:
    if not (letter.table or letter.totals):
        return ""
    lines = [*letter.table, *letter.totals]
    last = len(lines) - 1
    rows = [
        _row(name, amount, weight="600" if letter.totals and place == last else "400")
        for place, (name, amount) in enumerate(lines)
    ]
    return f'<table role="presentation" style="width:100%;border-collapse:collapse">{"".join(rows)}</table>'


def _row(name: str, amount: str, *, weight: str) -> str:
    style = f"padding:8px 0;border-bottom:1px solid #e3e8ec;font-weight:{weight};vertical-align:top"
    return (
        f'<tr><td style="{style}">{escape(name)}</td>'
        f'<td style="{style};text-align:right;white-space:nowrap">{escape(amount)}</td></tr>'
    )


def _stop(unsubscribe: str | None) -> str:
    if unsubscribe is None:
        return ""
    return (
        f'<p style="margin:0">You get offers because you agreed to. <a href="{escape(unsubscribe)}" '
        'style="color:#5b6b7a">No more offers</a></p>'
    )


def _greeting(full_name: str) -> str:
    # Anybody can register a stranger's address under a "name" that advertises: only plain names are said.
    first = full_name.split(maxsplit=1)[0] if full_name.split() else ""
    plain = first.replace("-", "").replace("'", "").replace("’", "")  # noqa: RUF001 - names are written with it
    return f"Hello {first}," if plain.isalpha() else "Hello,"


_WHOLE_WORD = 20
_PICTURE = '<img src="{address}" alt="" style="display:block;width:100%;height:auto;border-radius:8px;margin:0 0 16px">'
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{subject}</title></head>
<body style="margin:0;padding:24px 12px;background:#eef1f4;color:#1f2933;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:560px;margin:0 auto;background:#fff;border-radius:12px;overflow:hidden;overflow-wrap:anywhere">
<div style="padding:20px 24px;background:#24384f;color:#fff;font-size:20px;font-weight:600">{shop}</div>
<div style="padding:28px 24px">
<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3">{heading}</h1>
<p style="margin:0 0 16px">{greeting}</p>
{picture}{paragraphs}{table}
<p style="margin:24px 0"><a href="{link}" style="display:inline-block;padding:12px 20px;border-radius:8px;\
background:#2f6f5e;color:#fff;text-decoration:none;font-weight:600">{button}</a></p>
<p style="margin:0;color:#5b6b7a;font-size:14px">If the button does not work, open this \
address:<br>{link}</p>
</div>
<div style="padding:16px 24px;background:#f7f9fa;color:#5b6b7a;font-size:13px">{foot}</div>
</div>
</body>
</html>
"""
