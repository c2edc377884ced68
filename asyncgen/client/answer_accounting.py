"""The cost of answers, and the form in which they are kept."""

from dataclasses import replace

from asyncgen.chat import NO_USAGE, Completion, Usage
from asyncgen.client.classify import Failure
from asyncgen.client.encoding import Prepared
from asyncgen.cost import together, total_usage
from asyncgen.events import Notice, Observer

LONG_PROMPT = 8000  # characters: in shorter ones, a few characters per token prove nothing
CHARACTERS_OF_A_TOKEN = 10  # no text has more on average; English has 4 to 5


class AnswerAccounting:
    """Counts the cost of answers, with the worst case if the server does not report it.

    Args:
        observe: called once about a server that does not count, that contradicts itself, that cuts prompts, or
            that sends no thinking to a request that wants it.
        keep_thinking: keep the model's thinking with every answer, not only where the request wants it.
    """

    def __init__(self, observe: Observer, *, keep_thinking: bool) -> None:
        self._observe = observe
        self._keep_thinking = keep_thinking
        self._uncounted = False
        self._beside = False
        self._cut = False
        self._unthinking = False

    def counted(self, request: Prepared, completion: Completion) -> tuple[Completion, Usage]:
        """The completion as it is recorded, and its possible cost beyond the server's count."""
        said = completion.usage
        lost = _beyond(said, request.most)
        if lost.total_tokens and not self._uncounted:
            self._uncounted = True
            self._observe(
                Notice(
                    "The server does not say how many tokens an answer took: "
                    "each counts with the most that it may have taken",
                    warning=True,
                )
            )
        beside = _cached_beside_prompt(said)
        if beside:
            lost = together(lost, total_usage(beside, 0, 0))
        if beside and not self._beside:
            self._beside = True
            self._observe(
                Notice(
                    f"The server counted {said.prompt_tokens:,} tokens of a prompt, and {said.cached_tokens:,} "
                    "that were cached: these count beside the prompt",
                    warning=True,
                )
            )
        if not request.whole:  # the body of an image has more bytes than it costs tokens
            self._check_prompt(request.fields_at, said.prompt_tokens + beside)
        if request.keep_thinking and not completion.thinking and not self._unthinking:
            self._unthinking = True
            lacking = "without what the model thought, which the recipe uses: where it is not sent, it is empty"
            self._observe(Notice(f"The step {request.step} was answered {lacking}", warning=True))
        return self.as_kept(request, completion), lost

    def uncounted(self, request: Prepared, failure: Failure) -> Usage:
        """The possible cost of a failed attempt beyond the server's count."""
        unsaid = _beyond(failure.usage, request.most) if failure.unsaid else NO_USAGE
        return together(unsaid, total_usage(_cached_beside_prompt(failure.usage), 0, 0))

    def as_kept(self, request: Prepared, completion: Completion) -> Completion:
        """The completion without the model's thinking, unless that is kept."""
        keeps = self._keep_thinking or request.keep_thinking or not completion.thinking
        return completion if keeps else replace(completion, thinking="")

    def _check_prompt(self, characters: int, tokens: int) -> None:
        """Warn once about a server that silently cuts long prompts, which its own count reveals."""
        if self._cut or characters < LONG_PROMPT or not 0 < tokens * CHARACTERS_OF_A_TOKEN < characters:
            return
        self._cut = True
        self._observe(
            Notice(
                f"The server counted {tokens:,} tokens of a prompt of {characters:,} characters: "
                "it seems to have cut the prompt; give the server a larger context (Ollama: num_ctx), or "
                "leave such rows out",
                warning=True,
            )
        )


def _beyond(said: Usage, most: Usage) -> Usage:
    """The most that the parts may cost that a server does not count."""
    prompt = 0 if said.prompt_tokens else most.prompt_tokens
    answer = 0 if said.completion_tokens else most.completion_tokens
    return total_usage(prompt, answer, 0) if prompt or answer else NO_USAGE


def _cached_beside_prompt(said: Usage) -> int:
    """The cached tokens that the server's count of the prompt leaves out, as those of gateways to Claude do.

    Without a count of the prompt, its worst case holds them.
    """
    return said.cached_tokens if 0 < said.prompt_tokens < said.cached_tokens else 0
