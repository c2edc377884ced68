"""Where the MEDEC data are, if they are at hand: beside the repository, or where `ASYNCGEN_MEDEC_DIR` says."""

import os
from pathlib import Path

from tests.corpus.files import CSV_NAME, PAIRS_NAME

_BESIDE_THE_REPOSITORY = Path(__file__).parents[3] / "shared" / "data" / "medec_ms"
_DIRECTORY = Path(os.environ.get("ASYNCGEN_MEDEC_DIR", _BESIDE_THE_REPOSITORY))
REAL_CORPUS = _DIRECTORY if all((_DIRECTORY / name).is_file() for name in (PAIRS_NAME, CSV_NAME)) else None
