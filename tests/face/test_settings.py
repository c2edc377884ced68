"""The configuration that keyword arguments make, which is that of the same flags."""

from pathlib import Path
from typing import Any

import pytest

from asyncgen.api.settings import Settings
from asyncgen.cli.main import build_parser
from asyncgen.cli.run_job import prepare
from asyncgen.config import EndpointConfig
from asyncgen.errors import UsageError

HERE = "http://127.0.0.1:1/v1"
TIMES = [
    ({}, (120, 1800)),
    ({"timeout": 60.0}, (60, 1800)),
    ({"service_tier": "flex"}, (900, 13500)),
    ({"service_tier": "flex", "timeout": 120.0}, (120, 13500)),
    ({"service_tier": "flex", "timeout": 600.0}, (600, 13500)),
    ({"service_tier": "flex", "pair_timeout": 600.0}, (900, 600)),
    ({"service_tier": "flex", "timeout": 30.0, "pair_timeout": 600.0}, (30, 600)),
]


@pytest.mark.parametrize(("given", "times"), TIMES)
def test_a_call_of_flex_may_take_longer_unless_its_times_are_set(
    tmp_path: Path, given: dict[str, Any], times: tuple[float, float]
) -> None:
    """Each time that is set holds as it is, from Python and from the command line."""
    rows, out = tmp_path / "rows.jsonl", tmp_path / "out"
    rows.write_text('{"custom_id": "1", "body": {"messages": []}}\n')
    settings = Settings(input_jsonl=rows, output_dir=out, base_url=HERE, **given).config()
    assert (settings.timeout, settings.pair_timeout) == times
    flags = [text for name, value in given.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    arguments = ["run", "--recipe", "requests", "--input-jsonl", str(rows), "--output-dir", str(out)]
    config = prepare(build_parser().parse_args([*arguments, "--base-url", HERE, *flags])).config
    assert (config.timeout, config.pair_timeout) == times


def test_a_tier_is_not_for_named_endpoints(tmp_path: Path) -> None:
    """Its limits are of one account: they would have been left out without a word."""
    endpoint = EndpointConfig(name="a", base_url=HERE)
    settings = Settings(
        input_jsonl=tmp_path / "rows.jsonl",
        output_dir=tmp_path / "out",
        endpoints=[endpoint],
        tier="openai:tier-2",
    )
    with pytest.raises(UsageError, match=r"^endpoints and tier do not go together: .* rpm and tpm of its own$"):
        settings.config()
