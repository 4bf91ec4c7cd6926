"""Text of others, made safe to show."""


def plain(text: str) -> str:
    """The text in one line without control characters: a caption must not steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)
