"""How the Batch API of other providers differs, as far as they have one."""

from typing import Any

import openai
import pytest

from asyncgen.simulator import Profile, Simulator
from asyncgen.simulator.profile import PROVIDER_NAMES
from asyncgen.simulator.providers import PROVIDERS

from .batch_client import Client, batch, jsonl, line, request, serve

AZURE = "/chat/completions"


def azure_line(number: int, **fields: Any) -> dict[str, Any]:
    """A line as Azure's documentation shows it."""
    return line(number, **{"url": AZURE, **fields})


def test_who_has_batches() -> None:
    """The others answer 404 to files as well; Mistral has files, and jobs of another kind."""
    rules = {name: PROVIDERS[name].batch_rules for name in PROVIDER_NAMES}
    assert {name for name, found in rules.items() if found} == {"openai", "azure", "groq", "mistral"}
    assert {name for name, found in rules.items() if found and found.batches} == {"openai", "azure", "groq"}


@pytest.mark.parametrize("provider", ["vllm", "ollama", "gemini", "openrouter", "gateway"])
async def test_a_provider_without_batches_has_no_files(provider: str) -> None:
    """An upload is a 404."""
    async with serve(provider=provider) as client:
        with pytest.raises(openai.NotFoundError):
            await client.upload(jsonl([line(1)]))


async def test_lm_studio_answers_an_upload_with_a_file_without_id() -> None:
    """It says 200 to an address that it does not know, and the client makes a file of the error."""
    async with serve(provider="lm-studio") as client:
        file = await client.upload(jsonl([line(1)]))
    assert file.id is None


async def test_mistral_takes_files_and_no_batches() -> None:
    """So the upload passes, and the batch is the 404."""
    async with serve(provider="mistral") as client:
        file = await client.upload(jsonl([line(1)]))
        with pytest.raises(openai.NotFoundError):
            await client.create(file.id)


@pytest.mark.parametrize(("window", "days"), [("24h", 1), ("48h", 2), ("7d", 7)])
async def test_groq_takes_longer_windows(window: str, days: int) -> None:
    """From a day to a week."""
    async with serve(provider="groq") as client:
        done = await client.run(
            [line(1, body=request(1, model="llama-3.3-70b-versatile"))], completion_window=window
        )
        with pytest.raises(openai.BadRequestError):
            await client.create(done.input_file_id, completion_window="8d")
    assert (done.status, done.completion_window) == ("completed", window)
    assert done.expires_at - done.created_at == days * 86_400


async def test_azure_names_its_problems_otherwise() -> None:
    """The codes and the sentence about enqueued tokens are its own."""
    async with serve(batch(enqueued_tokens=5), provider="azure") as client:
        url = await client.run([azure_line(1, url="/v1/chat/completions")], endpoint=AZURE)
        mixed = [azure_line(1), azure_line(2, body=request(2, model="gpt-4.1"))]
        model = await client.run(mixed, endpoint=AZURE)
        enqueued = await client.run([azure_line(1)], endpoint=AZURE)
    codes = [failed.errors.data[0].code for failed in (url, model, enqueued)]
    assert codes == ["url_mismatch", "model_mismatch", "token_limit_exceeded"]
    assert "for the deployment 'gpt-4o'" in enqueued.errors.data[0].message


async def test_azure_has_an_error_file_when_nothing_failed() -> None:
    """It is empty; the file that came up is said to be pending first."""
    async with serve(provider="azure") as client:
        file = await client.upload(jsonl([azure_line(1)]))
        assert file.status == "pending"
        assert (await client.sdk.files.retrieve(file.id)).status == "processed"
        done = await client.wait((await client.create(file.id, endpoint=AZURE)).id)
        assert await client.content(done.error_file_id) == []
        assert len(await client.content(done.output_file_id)) == 1
    assert done.error_file_id


async def test_azure_serves_batches_at_the_classic_address() -> None:
    """With `api-version` and `api-key`; not with a bearer token."""
    async with Simulator(Profile(provider="azure", batch=batch())) as sim:
        root = sim.base_url.removesuffix("/openai/v1")
        async with openai.AsyncAzureOpenAI(
            azure_endpoint=root, api_key="none", api_version="2024-10-21", max_retries=0
        ) as sdk:
            client = Client(sdk, sim)
            done = await client.run([azure_line(1)], endpoint=AZURE)
            assert len(await client.content(done.output_file_id)) == 1
        async with openai.AsyncAzureOpenAI(
            azure_endpoint=root, azure_ad_token="none", api_version="2024-10-21", max_retries=0
        ) as sdk:
            with pytest.raises(openai.AuthenticationError):
                await sdk.batches.list()
