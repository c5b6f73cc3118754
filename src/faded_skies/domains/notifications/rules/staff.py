"""What we write to staff: invitations and alarms."""

from faded_skies.domains.notifications.rules.messages import SHOP, Letter, Push

_POSTS = {"driver": "as a driver", "agent": "in support", "admin": "as an admin"}


def invitation(*, to: str, full_name: str, role: str, token: str) -> Letter:
    return Letter(
        to=to,
        subject=f"You are invited to the staff of {SHOP}",
        full_name=full_name,
        paragraphs=[
            f"We would like you to work with us {_POSTS[role]}. The link is for you alone and good for seven days.",
            "If you do not know what this is about, do nothing: no account is made without you.",
        ],
        button="Accept the invitation",
        path=f"/accept-invitation?token={token}",
    )


def alarm(*, to: str, full_name: str, headline: str, paragraphs: list[str], path: str) -> tuple[Letter, Push]:
    """Write to staff that something must be seen to soon."""
    letter = Letter(
        to=to, subject=headline, full_name=full_name, paragraphs=paragraphs, button="See to it", path=path
    )
    return letter, Push(title=headline, body=paragraphs[0], data={"type": "alarm", "url": path})
