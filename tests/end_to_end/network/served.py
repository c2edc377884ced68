"""A simulated server at an address of its own, whose counts can be read over standard input and output.

    python served.py PROVIDER ADDRESS PORT RPM

Says its base URL when it listens, answers each line with its counts as JSON, and ends with its input.
"""

import asyncio
import json
import sys

from asyncgen.simulator import Latency, Limits, Profile, Simulator


async def serve(provider: str, address: str, port: int, rpm: int) -> None:
    """Serve until the standard input ends; the limit is enforced by the second."""
    limits = Limits(rpm=rpm, burst_s=1)
    profile = Profile(provider=provider, latency=Latency(median_s=0.1), limits=limits)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with Simulator(profile, host=address, port=port) as simulator:
        print(simulator.base_url, flush=True)
        while await lines.readline():
            print(json.dumps(simulator.counts.as_dict()), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
