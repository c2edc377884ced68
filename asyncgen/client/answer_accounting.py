"""What answers cost, and how they are kept."""

from dataclasses import replace

from asyncgen.chat import NO_USAGE, Completion, Usage
from asyncgen.client.encoding import Prepared
from asyncgen.cost import total_usage
from asyncgen.events import Notice, Observer

LONG_PROMPT = 8000  # characters
CHARACTERS_OF_A_TOKEN = 10  # on average, no text has more; English has 4 to 5


class AnswerAccounting:
    """Counts what answers cost, at worst where the server does not say it.

    Args:
        observe: told once of a server that does not count, or that cuts prompts.
        keep_thinking: what a model has thought is kept with its answer.
    """

    def __init__(self, observe: Observer, *, keep_thinking: bool) -> None:
        self._observe = observe
        self._keep_thinking = keep_thinking
        self._uncounted = False
        self._cut = False

    def counted(self, request: Prepared, completion: Completion) -> tuple[Completion, Usage]:
        """An answer as it is noted, and what it may have cost without saying so."""
        said, most = completion.usage, request.most
        prompt = 0 if said.prompt_tokens else most.prompt_tokens
        answer = 0 if said.completion_tokens else most.completion_tokens
        lost = total_usage(prompt, answer, 0) if prompt or answer else NO_USAGE
        if lost.total_tokens and not self._uncounted:
            self._uncounted = True
            self._observe(
                Notice(
                    "The server does not say how many tokens an answer took: what is spent counts each with "
                    "the most that it may have taken",
                    warning=True,
                )
            )
        if not request.whole:  # an image takes more room in a body than tokens
            self._check_prompt(len(request.body), said.prompt_tokens)
        return self.as_kept(completion), lost

    def as_kept(self, completion: Completion) -> Completion:
        """Without what the model thought, unless that is kept."""
        keeps = self._keep_thinking or not completion.thinking
        return completion if keeps else replace(completion, thinking="")

    def _check_prompt(self, characters: int, tokens: int) -> None:
        """Warn once of a server that cuts long prompts in silence, which its own count gives away."""
        if self._cut or characters < LONG_PROMPT or not 0 < tokens * CHARACTERS_OF_A_TOKEN < characters:
            return
        self._cut = True
        self._observe(
            Notice(
                f"The server counted {tokens:,} tokens of a prompt of {characters:,} characters: it seems to have "
                "cut it; give the server a larger context (Ollama: num_ctx), or leave such rows out",
                warning=True,
            )
        )
