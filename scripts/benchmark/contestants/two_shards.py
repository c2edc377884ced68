"""Two of our processes at once, each with half of the pairs: what two cores give without Ray between them.

    python -m benchmark.contestants.two_shards WORDS…

WORDS are those of `asyncgen`, with the directory of the first shard as last one; the second's gets a 2 behind it.
"""

import subprocess
import sys

*words, output = sys.argv[1:]
processes = [
    subprocess.Popen([sys.executable, "-m", "asyncgen", *words, directory, "--shard", f"{number}/2"])
    for number, directory in ((1, output), (2, f"{output}2"))
]
sys.exit(max([process.wait() for process in processes]))
