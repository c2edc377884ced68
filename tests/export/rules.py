"""What the readers of the formats document, as checks that do not share code with the writers."""

from typing import Any

ROLES = {"system", "user", "assistant"}


def openai_errors(records: list[Any]) -> list[str]:
    """What OpenAI's guide to supervised fine-tuning and its data check (Cookbook) would refuse."""
    errors = [] if len(records) >= 10 else ["fewer than 10 examples"]
    for record in records:
        if not isinstance(record, dict) or record.keys() != {"messages"}:
            errors.append("keys other than messages")
            continue
        errors += message_errors(record["messages"])
        roles = [message.get("role") for message in record["messages"]]
        if roles[-1:] != ["assistant"]:
            errors.append("the last message is not the assistant's")
        if "user" not in roles:
            errors.append("nobody asks")
        if "system" in roles[1:]:
            errors.append("a system message that is not the first")
    return errors


def message_errors(messages: Any) -> list[str]:
    """What is wrong with a list of messages."""
    if not isinstance(messages, list) or not messages:
        return ["no messages"]
    errors = []
    for message in messages:
        if not isinstance(message, dict) or message.keys() != {"role", "content"}:
            errors.append("a message must have role and content, and nothing here has names or calls")
        elif message["role"] not in ROLES:
            errors.append("unknown role")
        elif not isinstance(message["content"], str) or not message["content"].strip():
            errors.append("empty content")
    return errors


def trl_errors(record: dict[str, Any]) -> list[str]:
    """What TRL's dataset formats and `apply_chat_template` ask of a conversational example for SFT."""
    read = record.keys() & {"prompt", "chosen", "rejected", "completion", "messages", "label"}
    if read == {"messages"}:
        return message_errors(record["messages"])
    if read != {"prompt", "completion"}:
        return [f"TRL reads {sorted(read)} as another type, or none"]
    errors = message_errors(record["prompt"]) + message_errors(record["completion"])
    if record["prompt"][-1]["role"] != "user":
        errors.append("the prompt must end with the user")
    if [message["role"] for message in record["completion"]] != ["assistant"]:
        errors.append("the completion must be the assistant's")
    return errors
