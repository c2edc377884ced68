"""The records of each format, by the rules of who reads them."""

from typing import Any

import orjson
import pytest

from asyncgen.export.examples import Example
from asyncgen.export.formats import FORMATS
from asyncgen.export.template import ExportTemplate

from .conftest import make_pair
from .rules import openai_errors, trl_errors


def records(name: str, template: str = "detection") -> list[dict[str, Any]]:
    """Twelve examples in a format."""
    found = []
    for number in range(6):
        for fields in make_pair(number):
            example = Example.parse(orjson.dumps(fields))
            of_note = FORMATS[name].of_note
            assert of_note is not None
            found.append(of_note(ExportTemplate.load(template).render(example), example))
    return found


@pytest.mark.parametrize("template", ["detection", "correction", "reasoning"])
def test_openai_accepts_the_file(template: str) -> None:
    """Its documented rules for supervised fine-tuning."""
    assert openai_errors(records("openai", template)) == []


@pytest.mark.parametrize("name", ["trl-messages", "trl-prompt-completion", "openai", "parquet", "hf"])
def test_trl_takes_it_for_what_it_is(name: str) -> None:
    """No column of another type beside: `label` would make a preference of it."""
    assert [error for record in records(name) for error in trl_errors(record)] == []


def test_prompt_and_completion_are_the_messages_cut_before_the_answer() -> None:
    """Both as lists of messages."""
    for cut, whole in zip(records("trl-prompt-completion"), records("trl-messages"), strict=True):
        assert cut.keys() == {"prompt", "completion"}
        assert cut["prompt"] + cut["completion"] == whole["messages"]


def test_alpaca_has_the_note_as_input() -> None:
    """The chat of the same example says the same."""
    for record, chat in zip(records("alpaca"), records("openai"), strict=True):
        assert record.keys() == {"instruction", "input", "output", "system"}
        system, user, assistant = (message["content"] for message in chat["messages"])
        assert (record["system"], record["output"]) == (system, assistant)
        assert f"{record['instruction']}\n\n{record['input']}" == user
        assert record["input"].startswith("Case ")


def test_sharegpt_names_its_speakers() -> None:
    """System, human, gpt."""
    for record, chat in zip(records("sharegpt"), records("openai"), strict=True):
        assert list(record) == ["conversations"]
        assert [one["from"] for one in record["conversations"]] == ["system", "human", "gpt"]
        assert [one["value"] for one in record["conversations"]] == [one["content"] for one in chat["messages"]]


def test_a_table_says_beside_the_messages_what_an_evaluation_needs() -> None:
    """The verdict and the type of the error."""
    correct, incorrect = records("parquet")[:2]
    assert [correct[key] for key in ("original_note_id", "verdict", "error_type")] == [
        "ms-train-0",
        "CORRECT",
        None,
    ]
    assert [incorrect[key] for key in ("verdict", "error_type")] == ["INCORRECT", "diagnosis"]


@pytest.mark.parametrize(
    "broken",
    [
        {"messages": []},
        {"messages": [{"role": "user", "content": "x"}]},
        {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": " "}]},
        {"messages": [{"role": "human", "content": "x"}, {"role": "assistant", "content": "y"}]},
        {
            "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}],
            "label": "CORRECT",
        },
    ],
)
def test_the_rules_notice_what_is_wrong(broken: dict[str, Any]) -> None:
    """Else the tests above would prove nothing."""
    assert openai_errors([*records("openai"), broken])
    assert openai_errors(records("openai")[:9])
    assert trl_errors({"prompt": "x", "completion": "y", "label": True})
