"""A loopback HTTP server that behaves like the chat completions API: limits, headers, latency, faults.

It is independent of the program: nothing here imports the rest of asyncgen, and only the commands and the tests
import it. A `Profile` describes the server's behaviour; `Simulator` serves it.
"""

from asyncgen.simulator.batch.batch_profile import Batch
from asyncgen.simulator.profile import Faults, Latency, Limits, Models, Profile, Storm, Thinking
from asyncgen.simulator.profile_checks import ProfileError
from asyncgen.simulator.profile_file import load_profile
from asyncgen.simulator.server import Simulator

__all__ = [
    "Batch",
    "Faults",
    "Latency",
    "Limits",
    "Models",
    "Profile",
    "ProfileError",
    "Simulator",
    "Storm",
    "Thinking",
    "load_profile",
]
