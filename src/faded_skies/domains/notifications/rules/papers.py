"""What we write about identity papers."""

from faded_skies.domains.notifications.rules.messages import Letter, Push


def id_decided(*, to: str, full_name: str, approved: bool, reason: str | None) -> tuple[Letter, Push]:
    """Write how a person's ID papers were decided; `reason` is for a rejection."""
    if approved:
        headline, told = "Your ID is verified", "You can order now. Have the same ID at hand at the door."
        said, button, path = ["Thank you: your ID is verified.", told], "Start shopping", "/"
    else:
        headline, told = "Your ID could not be verified", reason or "Please hand in new photos."
        said = [told, "You can hand in your papers again in your profile."]
        button, path = "Open my profile", "/profile/id-verification"
    letter = Letter(to=to, subject=headline, full_name=full_name, paragraphs=said, button=button, path=path)
    return letter, Push(title=headline, body=told, data={"type": "id_verification", "url": path})
