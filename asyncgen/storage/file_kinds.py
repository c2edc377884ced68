"""Recognise a file that is not JSONL by its first bytes, and bytes that are not text. Pure."""

from codecs import getincrementaldecoder

_KINDS = (
    (b"\x1f\x8b", "gzip: unpack it first (gunzip -k)"),
    (b"\x28\xb5\x2f\xfd", "Zstandard: unpack it first (unzstd)"),
    (b"BZh", "bzip2: unpack it first (bunzip2 -k)"),
    (b"\xfd7zXZ\0", "xz: unpack it first (unxz -k)"),
    (b"PAR1", "Parquet: write it as JSON lines first (in pandas: to_json(orient='records', lines=True))"),
    (b"PK\x03\x04", "a zip archive, or an Excel file (.xlsx): unpack it, or save the sheet as CSV, first"),
    (b"\x04\x22\x4d\x18", "lz4: unpack it first (unlz4)"),
    (b"ARROW1", "an Arrow file: write it as Parquet first"),
    (b"Obj\x01", "Avro: write it as JSON lines first"),
    (b"\x80\x04", "a Python pickle: write its rows as JSON lines first"),
    (b"\x80\x05", "a Python pickle: write its rows as JSON lines first"),
    (b"\x93NUMPY", "an array of NumPy: write its rows as JSON lines first"),
    (b"\xd0\xcf\x11\xe0", "an Excel file (.xls): save the sheet as CSV first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first (7z x)"),
    (b"Rar!\x1a\x07", "a RAR archive: unpack it first (unrar x)"),
    (b"\x89HDF\r\n", "HDF5: write its rows as JSON lines first"),
    (b"<?xml", "XML, as servers send it in place of a file: download that, or write its rows as JSON lines"),
    (b"SQLite format 3\0", "an SQLite database: write its rows as JSON lines first"),
    (b"version https://git-lfs", "a pointer of Git LFS: fetch the file itself first (git lfs pull)"),
    (b"%PDF", "a PDF: it holds no rows"),
    (b"\xff\xfe\0\0", "text in UTF-32: write it as UTF-8 first (iconv -f UTF-32 -t UTF-8)"),
    (b"\xff\xfe", "text in UTF-16: write it as UTF-8 first (iconv -f UTF-16 -t UTF-8)"),
    (b"\xfe\xff", "text in UTF-16: write it as UTF-8 first (iconv -f UTF-16 -t UTF-8)"),
)
AS_UTF_8 = "write it as UTF-8 first (iconv -f WINDOWS-1252 -t UTF-8, if it comes from Windows)"
_PAGES = (b"<!doctype html", b"<html")
_TAR_MARK_AT = 257
_LOOKED_AT = 256  # bytes: enough to tell UTF-16 and UTF-32 from ASCII


def kind_of(first: bytes) -> str | None:
    """The format of a file and what to do about it; None: unknown.

    Args:
        first: the first bytes of the file.
    """
    found = next((kind for mark, kind in _KINDS if first.startswith(mark)), None)
    if found is not None:
        return found
    if first[:_LOOKED_AT].lstrip().lower().startswith(_PAGES):
        return "a web page: download the file itself"
    if first[_TAR_MARK_AT:].startswith(b"ustar"):
        return "a tar archive: unpack it first (tar -xf)"
    start = first[:_LOOKED_AT]
    for name, zeros in (("UTF-16LE", start[1::2]), ("UTF-16BE", start[::2])):
        # Half of the bytes of western text are zeros in UTF-16.
        if len(zeros) > 1 and zeros.count(0) > len(zeros) * 3 // 4 and start.count(0) < len(start) * 3 // 4:
            return f"text in {name}: write it as UTF-8 first (iconv -f {name} -t UTF-8)"
    return None


def text_of(first: bytes) -> str | None:
    """The beginning of a file as text; None: it is not UTF-8."""
    try:
        return getincrementaldecoder("utf-8")().decode(first)  # the last character may be cut off
    except UnicodeDecodeError:
        return None


def why_no_text(data: bytes) -> str:
    """What bytes are that are not text in UTF-8, and what to do about it; empty: they are."""
    kind = kind_of(data)
    if kind is not None:
        return f"this is {kind}"
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return f"line {line} is not UTF-8; {AS_UTF_8}"
    return ""
