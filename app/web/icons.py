"""`python -m app.web.icons FOLDER [HOME]`: make the sprite of the icons that the panel uses.

FOLDER is an unpacked @tabler/icons package; the names are in icons.txt beside the sprite, in HOME:
the panel's, unless another is named. Run by hand when a page wants a new icon: the sprite is
committed, nothing is built when the product is installed or started.
"""

import re
import sys
from pathlib import Path

from config import ROOT

HOME = ROOT / "app/static/vendor/tabler-icons-3.51.0"
_SHAPE = re.compile(r"<(?:path|circle|rect|line|ellipse)\b[^>]*/>")


def make_symbol(name: str, svg: str) -> str:
    """One icon as a symbol; its colours and strokes come from the `<svg>` that uses it."""
    shapes = "".join(shape for shape in _SHAPE.findall(svg) if 'stroke="none"' not in shape)
    return f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>'


def main(folder: Path, home: Path = HOME) -> int:
    names = sorted((home / "icons.txt").read_text().split())
    outline = folder / "icons" / "outline"
    symbols = [make_symbol(name, (outline / f"{name}.svg").read_text()) for name in names]
    note = "<!-- From @tabler/icons 3.51.0 (MIT, see LICENSE) by python -m app.web.icons -->"
    lines = [note, '<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>"]
    (home / "sprite.svg").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
