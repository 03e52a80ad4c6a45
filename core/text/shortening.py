"""Long texts in little space."""


def shorten(text: str, most: int) -> str:
    """The text, or its beginning and an ellipsis: no more than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def shorten_to_line(text: str, most: int) -> str:
    """The same of all its lines in one."""
    return shorten(" ".join(text.split()), most)
