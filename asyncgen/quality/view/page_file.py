"""The page: its parts and the data, in one file that fetches nothing and escapes every text."""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from asyncgen.text import dumps

_SCRIPTS = ("elements", "marks", "record", "review", "start")
_PLACE = re.compile("%%([A-Z_]+)%%")
# Escaped so, no text can end the script element, and JSON reads the same characters.
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ESCAPED = re.compile("[" + "".join(_ESCAPES) + "]")


def render_page(data: Mapping[str, Any], title: str) -> bytes:
    """The whole file.

    Args:
        data: what the page shows, as JSON.
        title: of its tab.
    """
    style = _part("style.css")
    script = "".join(_part(f"{name}.js") for name in _SCRIPTS)
    values = {
        "TITLE": escape(title),
        "STYLE": style,
        "STYLE_HASH": _hash(style),
        "SCRIPT": script,
        "SCRIPT_HASH": _hash(script),
        "DATA": embedded(data).decode(),
    }
    return _PLACE.sub(lambda match: values[match[1]], _part("page.html")).encode(errors="replace")


def embedded(value: Any) -> bytes:
    """JSON that is safe in a script element, whatever its texts are."""
    text = dumps(value, default=_as_text).decode()
    return _ESCAPED.sub(lambda match: _ESCAPES[match[0]], text).encode()


def _as_text(value: Any) -> str:
    """Text for types that JSON does not have: a recipe's rows are of its own types."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _part(name: str) -> str:
    return (files("asyncgen.quality.view") / "page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The hash of a script or a style in a Content-Security-Policy."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
