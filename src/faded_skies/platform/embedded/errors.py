"""What can go wrong with an embedded engine, each with the sentence the operator needs."""


class EngineFailed(Exception):
    """An embedded engine cannot run; the message says what happened and what to do next."""


class NotReady(Exception):
    """The engine does not answer yet; asking again may help."""
