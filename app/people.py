"""Who is at the command line."""

import getpass


def who(given: str | None) -> str:
    """The name that was given, else that of who is logged in."""
    if given and given.strip():
        return given.strip()[:120]
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a number without a name, as in containers
        return "somebody"
