"""What a run removed from its answers: thinking before the text, special tokens after it, by `calls.jsonl`."""

from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.whole_files import lines_of
from asyncgen.text import loads


def removed_text(directory: RunDirectory) -> dict[str, list[int]]:
    """The indexes of rows from whose answers something was removed, sorted, by kind."""
    found: dict[str, set[int]] = {}
    for line in lines_of(directory.disk, directory.calls):
        if b'"removed"' in line:  # rare, and decoding is slower than this check
            try:
                attempt = loads(line)
                index, kinds = int(attempt["index"]), [str(kind) for kind in attempt["removed"]]
            except (ValueError, KeyError, TypeError):
                continue  # torn by a crash
            for kind in kinds:
                found.setdefault(kind, set()).add(index)
    return {kind: sorted(indexes) for kind, indexes in found.items()}
