"""What a power loss may leave on a model disk: rules 4 and 5 of `model_store`."""

import random
from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

from .model_names import DIRECTORY, moved_change, parent, play_name, renamed_directories
from .model_store import Inode, Store, changed

_GARBAGE = b"\xa7\x00{]\n\xff 0badcafe {}\n" * 64


def power_losses(store: Store, draw: random.Random, limit: int) -> Iterator[Store]:
    """What a power loss may leave: everything possible up to torn bytes, or `limit` samples of it."""
    named = {*store.names.values(), *store.durable_names.values(), *(change[-1] for change in store.changes)}
    numbers = [number for number, inode in store.inodes.items() if inode.changes and number in named]
    contents = [_remains(store.inodes[number], draw) for number in numbers]
    names = len(store.changes)
    if prod(map(len, contents)) << names <= limit:
        for kept in product((False, True), repeat=names):
            for chosen in product(*contents):
                yield _after_loss(store, kept, dict(zip(numbers, chosen, strict=True)))
        return
    corners: list[tuple[Sequence[bool], list[bytes]]] = []
    for which in (0, 1):  # contents all lost, contents all there
        fixed = [options[which] for options in contents]
        corners += [([False] * names, fixed), ([True] * names, fixed)]
        for one in range(names):
            corners += [
                ([place == one for place in range(names)], fixed),
                ([place != one for place in range(names)], fixed),
            ]
    draw.shuffle(corners)
    for kept, fixed in corners[: limit // 2]:
        yield _after_loss(store, kept, dict(zip(numbers, fixed, strict=True)))
    for _ in range(limit - min(len(corners), limit // 2)):
        chances = draw.choice((0.2, 0.5, 0.8, 1.0))
        kept = [draw.random() < chances for _ in range(names)]
        yield _after_loss(
            store, kept, {n: draw.choice(options) for n, options in zip(numbers, contents, strict=True)}
        )


def _after_loss(store: Store, kept: Sequence[bool], contents: dict[int, bytes]) -> Store:
    names = dict(store.durable_names)
    still: list[tuple[str, str]] = []  # directories that have their old names again
    for keep, pending in zip(kept, store.changes, strict=True):
        change = pending
        for old, new in reversed(still):
            change = moved_change(change, new, old)
        if keep:
            play_name(names, change)
        else:
            still += renamed_directories([change])
    other = Store(store.root)
    other.names = {path: inode for path, inode in names.items() if _reachable(store.root, path, names)}
    other.durable_names = dict(other.names)
    for number in other.names.values():
        if number != DIRECTORY:
            content = contents.get(number, store.inodes[number].durable)
            other.inodes[number] = Inode(content, content)
    return other


def _reachable(root: str, path: str, names: dict[str, int]) -> bool:
    while path != root:
        path = parent(path)
        if names.get(path) != DIRECTORY:
            return False
    return True


def _remains(inode: Inode, draw: random.Random) -> list[bytes]:
    """What a power loss may leave of a content: first nothing of the changes, then all of them, then tears."""
    remains = [inode.durable]
    for offset, data in inode.changes:
        remains.append(changed(remains[-1], offset, data))
    whole = remains[-1]
    options = [inode.durable, whole]
    offset, data = draw.choice(inode.changes)
    place = inode.changes.index((offset, data))
    if data:
        tear = draw.randrange(len(data))
        torn = changed(remains[place], offset, data[:tear])
        length = max(len(whole), len(torn))
        options += [torn, torn.ljust(length, b"\x00"), torn + _GARBAGE[: length - len(torn)]]
    if len(inode.changes) > 1:
        options.append(remains[draw.randrange(1, len(inode.changes))])
    if any(data is None for _, data in inode.changes):
        untruncated = inode.durable
        for offset, data in inode.changes:
            untruncated = untruncated if data is None else changed(untruncated, offset, data)
        options.append(untruncated)
    return options
