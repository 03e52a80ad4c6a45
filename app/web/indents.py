"""Templates are indented for their readers; what a browser loads is not."""

import re

from jinja2.ext import Extension

_INDENT = re.compile(r"^[ \t]{2,}", re.MULTILINE)


class ShortIndents(Extension):
    """Leaves one space of each line's indentation, when a template is compiled.

    Not none: after a tag whose newline is trimmed it is all that stands between two words. A long
    list is a tenth lighter by it. In `pre` and `textarea` every space shows, so what stands there
    has to begin at the tag.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _INDENT.sub(" ", source)
