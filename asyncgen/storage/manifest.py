"""`.asyncgen/manifest.json`: what the last accepted run of a directory knew of its input.

It is written once the input is found to agree with the checkpoint, so that an unchanged file need not be read
again. It is a convenience: if it is missing or damaged, the input is scanned.
"""

from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from asyncgen.errors import Message, Setting
from asyncgen.storage.checkpoint import decode, encode
from asyncgen.storage.input_file import BadLine, EmptyRows, FileIdentity, Scan
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.whole_files import replace_atomically


def load_manifest(directory: RunDirectory) -> Scan | None:
    """The scan of the last accepted run."""
    data = directory.disk.read(directory.manifest)
    if data is None:
        return None
    with suppress(ValueError, TypeError, KeyError):
        fields = decode(data)["scan"]
        fields["identity"] = FileIdentity(**fields["identity"])
        fields["empty"] = EmptyRows(**fields["empty"]) if fields.get("empty") else None
        fields["bad"] = tuple(BadLine(**line | {"kind": _read(line["kind"])}) for line in fields["bad"])
        return Scan(**fields)
    return None


def save_manifest(directory: RunDirectory, scan: Scan) -> None:
    """Store a scan."""
    bad = [asdict(line) | {"kind": _stored(line.kind)} for line in scan.bad]
    known = asdict(replace(scan, bad=())) | {"bad": bad}
    replace_atomically(directory.disk, directory.manifest, encode({"scan": known}))


def _stored(kind: str | Message) -> str | list[Any]:
    """The parts of a message, so that a later start words the settings in it as its caller names them."""
    if not isinstance(kind, Message):
        return kind
    return [asdict(part) if isinstance(part, Setting) else str(part) for part in kind.parts]


def _read(kind: str | list[Any]) -> str | Message:
    if isinstance(kind, str):
        return kind
    return Message(*(part if isinstance(part, str) else Setting(**part) for part in kind))
