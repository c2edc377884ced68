"""Write the corpus: `python -m tests.corpus DIRECTORY [SEED]`."""

import sys
from pathlib import Path

from tests.corpus.files import SEED, write_corpus


def main(argv: list[str]) -> int:
    """Write both files into a directory, which is made if need be."""
    if len(argv) not in {1, 2}:
        print(__doc__, file=sys.stderr)
        return 2
    directory, seed = Path(argv[0]), int(argv[1]) if argv[1:] else SEED
    directory.mkdir(parents=True, exist_ok=True)
    write_corpus(directory, seed)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
