"""`.asyncgen/manifest.json`: what the last accepted run of a directory knew of its input.

It is written once the input is found to agree with the checkpoint, so that an unchanged file need not be read
again. It is a convenience: if it is missing or damaged, the input is scanned.
"""

from contextlib import suppress
from dataclasses import asdict, replace

from asyncgen.storage.checkpoint import decode, encode
from asyncgen.storage.disk import replace_atomically
from asyncgen.storage.input_file import BadLine, FileIdentity, Scan
from asyncgen.storage.layout import RunDirectory


def load_manifest(directory: RunDirectory) -> Scan | None:
    """The scan of the last accepted run."""
    data = directory.disk.read(directory.manifest)
    if data is None:
        return None
    with suppress(ValueError, TypeError, KeyError):
        fields = decode(data)["scan"]
        fields["identity"] = FileIdentity(**fields["identity"])
        fields["bad"] = tuple(BadLine(**line) for line in fields["bad"])
        return Scan(**fields)
    return None


def save_manifest(directory: RunDirectory, scan: Scan) -> None:
    """Store a scan."""
    known = replace(scan, bad=tuple(BadLine(line.number, str(line.kind)) for line in scan.bad))
    replace_atomically(directory.disk, directory.manifest, encode({"scan": asdict(known)}))
