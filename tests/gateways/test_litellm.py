"""LiteLLM's proxy in front: its headers and bodies, and the refusals that it hands on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.conftest import of_first_pairs
from tests.gateways.conftest import Through
from tests.gateways.outcome import check_whole, outcomes
from tests.gateways.processes import Api, ServerProcess, free_port
from tests.gateways.programs import python_program

pytestmark = [
    pytest.mark.gateways,
    pytest.mark.timeout(180),  # it takes ten seconds to start, and 30 ms of a processor for a call
]

ROWS = 120
KEY = "sk-0123456789abcdef0123456789abcdef"  # a short one it does not take


class LiteLlm(ServerProcess):
    """The proxy before an API, for one model and with a key of its own."""

    def __init__(self, directory: Path, api_port: int) -> None:
        port = free_port()
        settings = directory / "litellm.yaml"
        settings.write_text(
            f"""
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_base: http://127.0.0.1:{api_port}/v1
      api_key: none
general_settings:
  global_max_parallel_requests: 8
""",
            "utf-8",
        )
        words = [python_program("litellm"), "--config", settings, "--host", "127.0.0.1", "--port", str(port)]
        env = {"LITELLM_MASTER_KEY": KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        super().__init__(words, port, directory / "litellm.log", env, seconds=120)


@pytest.fixture
def litellm(started, tmp_path: Path) -> Callable[[Api], LiteLlm]:
    """Start the proxy before an API."""
    return lambda api: started(LiteLlm(tmp_path, api.port))


def test_refusals_that_the_proxy_hands_on_are_waited_out(api, litellm, through, without_gateway):
    """A limit by the second at the API: few are refused, and the bytes are those without a proxy."""
    behind = api("[limits]\nrpm = 2400\nburst_s = 1\n")
    job: Through = through(litellm(behind).port, "--concurrency", "auto", "--num-pairs", str(ROWS))

    check_whole(job.run(env={"OPENAI_API_KEY": KEY}), job, of_first_pairs(without_gateway, ROWS))

    assert behind.counts["answers"] == ROWS
    assert outcomes(job.calls())[429] < ROWS / 5
