"""What of a message is the answer."""

from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asyncgen.client.answer_text import refuses, split_thinking, text_of, thinking_of, without_special_tokens


@pytest.mark.parametrize(
    "text",
    [
        "<think>\nOkay.\n</think>\n\nThe note.",
        "  <think></think>The note.",
        "<THINK>Okay.</THINK>The note.",
        "<thinking>Okay.</thinking> The note.",
        "<think>One.</think><think>Two.</think>The note.",
        "[THINK]Okay.[/THINK]The note.",
        "◁think▷Okay.◁/think▷The note.",
        "<|channel|>analysis<|message|>Okay.<|end|><|start|>assistant<|channel|>final<|message|>The note.",
        "<|channel|>analysis<|message|>.<|end|><|channel|>final <|constrain|>json<|message|>The note.",
        "analysisWe need to.assistantfinalThe note.",
        "< think >Okay.</ think >The note.",
        "<think>Okay.</thinking>The note.",
        "<think>Okay.<reflection>No.</reflection></think>The note.",
        "<|im_start|>assistant\n<think>Okay.</think>The note.",
        "<think>Okay.</think>\n<answer>The note.</answer>",
        "<|channel>thought\nOkay.<channel|>The note.",
        "<|START_THINKING|>Okay.<|END_THINKING|><|START_RESPONSE|>The note.",
        "<|begin_of_thought|>Okay.<|end_of_thought|>\n<|begin_of_solution|>The note.",
        "&lt;think&gt;Okay.&lt;/think&gt;The note.",
        '<details type="reasoning" done="true"><summary>Thought</summary>Okay.</details>\nThe note.',
        "Here is my thought process:\nOkay.\nHere is my response:\nThe note.",
        "```thinking\nOkay.\n```\nThe note.",
        "<mm:think>Okay.</mm:think>The note.",
        "<|open|>think<|sep|>Okay.<|close|>think<|sep|><|open|>response<|sep|>The note.",
        "<unused94>thought\nOkay.\n<unused95>The note.",  # MedGemma
        "<|inner_prefix|>Okay.<|inner_suffix|>The note.",  # Apertus
        "<longcat_think>\nOkay.\n</longcat_think>\nThe note.",
        "<|think|>Okay.<|end|><|begin|>assistant<|content|>The note.",  # Solar
        "<|begin|>assistant<|think|>Okay.<|end|><|content|>The note.",
        "<|think|>Okay.<|content|>The note.",
        "<|begin|>assistant<|content|>The note.",
        "assistant/think\nOkay.<|im_end|>\n<|im_start|>assistant\nThe note.",  # HyperCLOVA X
        "<|im_start|>assistant/think\nOkay.<|im_end|>\n<|im_start|>assistant\nThe note.",
        "/think\nOkay.<|im_end|>\n<|im_start|>assistant\nThe note.",
        "<|thinking|>Okay.<|/thinking|>\nThe note.",
        "<|think|>Okay.<|/think|>The note.",
        "<think>\nOkay.\n</think>\n\n<response>\nThe note.\n</response>\n",  # ERNIE
        "<think>Okay.</think><response>The note.</response></s>",
    ],
)
def test_thinking_before_the_answer_is_cut_off(text: str) -> None:
    """In the marks of many models."""
    parts = split_thinking(text)
    assert parts is not None
    assert parts[0] == "The note."


@pytest.mark.parametrize(
    "text",
    [
        "<think>The note.",
        "Okay.</think>The note.",
        "<think>a</think>b</think>c",
        "The note. <think>Okay.",
        "[THINK]Okay",
        "< think >The note.",
        "&lt;think&gt;The note.",
        "<|channel>thought\nThe note.",
        "<|begin_of_thought|>The note.",
        "Here is my thought process:\nThe note.",
        "analysisWe need to paraphrase it.",
        "```thinking\nThe note.",
        "<|open|>think<|sep|>The note.",
        "The note.\n<think>Okay.</think>",
        "<think>a<think>b</think>c</think>The note.",
        "<unused94>thought\nThe note.",
        "thought\nOkay.<unused95>The note.",
        "<|inner_prefix|>The note.",
        "Okay.<|inner_suffix|>The note.",
        "<longcat_think>The note.",
        "<|think|>Okay.<|end|>The note.",
        "<|thinking|>The note.",
        "Okay.<|/thinking|>The note.",
        "assistant/think\nThe note.",
        "<|im_start|>assistant/think\nThe note.",
    ],
)
def test_thinking_that_is_half_open_leaves_no_answer(text: str) -> None:
    """Nobody knows where the answer begins."""
    assert split_thinking(text) is None


@given(text=st.text(alphabet=st.characters(exclude_characters="<[◁&a`H/")))
@example(text="Analysis shows <b>no</b> acute process.")
@example(text="analysis of the CSF & serum")
@example(text="<answer>Yes.</answer>")
@example(text="<response>Yes.</response>")
@example(text="<analysis>No fracture.</analysis> <scratchpad>x</scratchpad>")
@example(text="/think about it")
@example(text="<unused12> and <|reserved|>")
def test_a_text_without_marks_is_taken_as_it_is(text: str) -> None:
    """Blanks included: what to do with them is the recipe's. Notes have words that look like marks."""
    assert split_thinking(text) == (text, "")


@pytest.mark.parametrize(
    "tail",
    [
        "<|im_end|>",
        "<|eot_id|>",
        "</s>",
        "<end_of_turn>\n",
        "<|im_end|>\n<|endoftext|>",
        "<turn|>",  # Gemma 4
        "<|close|>response<|sep|><|close|>message<|sep|>",  # Kimi K3
        "<\uff5cend\u2581of\u2581sentence\uff5c>",
        "<|im_end|>\n<|im_start|>assistant\n",  # the model has begun another turn
        "<|im_end|>\n<|im_start|>user\nThanks, is < 130 fine too?",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nIs there anything else?<|eot_id|>",
        "\n<end_of_turn>\n<start_of_turn>user",
        "<|end|><|endoftext|>\n<|user|>\nThanks<|end|>\n<|assistant|>\nYou are welcome.",
        "</s> [INST] And now? [/INST] BP > 120.",
        "<\uff5cend\u2581of\u2581sentence\uff5c><\uff5cUser\uff5c>Thanks",
        "[EOS]",
        " [EOS]\n",
        "\n[SEP][PAD][PAD]",
        "</assistant>",
        "[|endofturn|]",  # EXAONE
        "[|endofturn|]\n[|user|]And now?\n[|assistant|]The same.[|endofturn|]",
        "<end_of_utterance>",  # SmolVLM
        "<eod>",
        "<EOS>",
        "<eoa>\n",
        "<pad><pad>",
        "<unk>",
        "\n<unk><unk></s>",
    ],
)
def test_special_tokens_at_the_end_are_cut_off(tail: str) -> None:
    """A wrong template leaves them there."""
    assert without_special_tokens(f"BP < 120.{tail}") == "BP < 120."


@pytest.mark.parametrize(
    "text",
    [
        "<|begin_of_box|>BP < 120.<|end_of_box|>",
        "<|begin_of_box|>BP < 120.<|end_of_box|><|user|>",
        "BP <|begin_of_box|>< 120.<|end_of_box|>",
    ],
)
def test_the_box_around_an_answer_is_taken_off(text: str) -> None:
    """GLM puts the answer, or the result at its end, into one."""
    assert without_special_tokens(text) == "BP < 120."


@pytest.mark.parametrize(
    "front",
    [
        "<s> ",
        "<bos>",
        "<|begin_of_text|>",
        "<|im_start|>assistant\n",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<start_of_turn>model\n",
        "<|assistant|>\n",
        "<|im_end|>\n<|im_start|>assistant\n",
        "<s><|im_start|>assistant\n",
        "[INST] ",
        "<s>[INST]",
        "[|assistant|]",
        "[BOS]",
        "<unk>",
        "<\uff5cAssistant\uff5c>",
        "[/INST] ",
        "assistant\n\n",  # what is left of Llama 3's
    ],
)
@pytest.mark.parametrize("tail", ["", "</s>", "<|im_end|>\n<|im_start|>user\nThanks"])
def test_special_tokens_in_front_are_cut_off(front: str, tail: str) -> None:
    """Also where thinking stands between them and the answer."""
    assert without_special_tokens(f"{front}BP < 120.{tail}") == "BP < 120."
    parts = split_thinking(f"{front}<think>Okay.</think>BP < 120.{tail}")
    assert parts is not None
    assert without_special_tokens(parts[0]) == "BP < 120."
    assert parts[1] == "Okay."


@pytest.mark.parametrize(
    "text",
    [
        "BP < 120.\n",
        "a <|im_end|> b",
        "",
        " \n",
        "x</s",
        "see [1]",
        "[/INST] ok >",
        "`<|im_end|>` ends a turn, as in Hi<|im_end|>\n<|im_start|>user",
        "ChatML:\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.",
        "<s> is the first token.",
        "<bos>, the first token",
        "<s>20 EUR</s> 15 EUR",
        "It was <s>20</s> <s>15</s> <b>10</b>",
        "<|im_start|>assistant begins the turn.",
        "<|im_start|>user\nHi",
        "The count of eosinophils [EOS]",
        "He has peripheral artery disease [PAD]",
        "The unknown token is <unk>",
        "It is padded with <pad>",
        "The sequence ends with <EOS>",
        "a <pad> b <pad>",
        "The markers are:\n- [SEP]\n- [PAD]",
        "1. [BOS]\n2. [EOS]",
        "[CLS] My dog is cute. [SEP] He likes to play. [SEP]",
        "38<unk>",
        "It ends with </assistant>",
        "In XML it is <assistant>Hello.</assistant>",
        "<assistant>Hello.</assistant> is the second turn.",
        "[INST] begins an instruction.",
        "[INST] Is it fine? [/INST] It is.",
        "<unk>, the unknown token",
        "In F# it is [|x|]",
        "assistant\n\n",
        "assistant\nsurgeon",
        "assistant of the surgeon",
    ],
)
def test_a_text_that_only_names_special_tokens_is_taken_as_it_is(text: str) -> None:
    """Blanks at its end included."""
    assert without_special_tokens(text) == text


@pytest.mark.parametrize(
    "content",
    [
        ["The note."],
        {"type": "text", "text": "The note."},
        [{"type": "text", "text": {"value": "The note."}}],
        [{"type": "reasoning_text", "text": "x"}, {"type": "text", "text": "The note."}],
        [{"type": "redacted_thinking", "data": "x"}, {"type": "output_text", "text": "The note."}],
    ],
)
def test_the_text_is_found_in_parts_of_any_form(content: object) -> None:
    """Gateways translate other APIs."""
    assert text_of(content) == "The note."
    assert not refuses(content)
    assert refuses([{"type": "refusal", "refusal": "No."}])


def test_of_parts_the_text_is_taken_and_the_thinking_apart() -> None:
    """Magistral and gateways."""
    content = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Okay."}]},
        {"type": "text", "text": "The "},
        {"type": "text", "text": "note."},
    ]
    assert text_of(content) == "The note."
    assert thinking_of({"content": content}) == "Okay."
    assert text_of([{"type": "image_url"}]) is None
    assert text_of(7) is None
    assert text_of([{"type": ["text"], "text": "The note."}]) == "The note."


def test_an_answer_between_the_tags_of_its_role_is_taken_out() -> None:
    """Some templates are written as XML."""
    assert without_special_tokens("<assistant>\nBP < 120.\n</assistant>") == "BP < 120."
    assert without_special_tokens("<|im_end|>\n<assistant>BP < 120.</assistant>") == "BP < 120."
    assert without_special_tokens("[INST]BP < 120.[/INST]</s>") == "BP < 120."


@pytest.mark.parametrize("loop", ["[INST]", "[INST] ", "<s>[INST]", "<assistant>"])
def test_a_model_that_repeats_a_token_without_end_holds_nothing_up(loop: str) -> None:
    """Where each of them looked through the rest of the text, it took minutes."""
    begun = process_time()
    assert split_thinking(loop * 20_000 + "BP</assistant>") is not None
    assert process_time() - begun < 5
