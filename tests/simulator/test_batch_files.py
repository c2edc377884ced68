"""Files: what comes up comes down as it was, whatever its size."""

from pathlib import Path

import aiohttp
import openai
import pytest

from asyncgen.simulator.batch.file_store import FileStore

from .batch_client import batch, jsonl, line, serve

TWO = jsonl([line(1), line(2)])


async def test_a_file_comes_back_as_it_was() -> None:
    """Byte for byte, across many chunks, with what the API says of it."""
    content = TWO * 2000
    async with serve() as client:
        file = await client.upload(content, "mine.jsonl")
        assert (await client.sdk.files.content(file.id)).content == content
        assert await client.sdk.files.retrieve(file.id) == file
    assert (file.filename, file.purpose, file.bytes) == ("mine.jsonl", "batch", len(content))
    assert (file.object, file.status) == ("file", "processed")


async def test_files_are_listed_by_purpose_and_deleted() -> None:
    """The newest first, or last; a deleted file is neither listed nor downloaded."""
    async with serve() as client:
        done = await client.run([line(1)])
        second = await client.upload(TWO)
        listed = [file.id async for file in client.sdk.files.list()]
        assert listed == [second.id, done.output_file_id, done.input_file_id]
        inputs = [file.id async for file in client.sdk.files.list(purpose="batch", limit=1, order="asc")]
        assert inputs == [done.input_file_id, second.id]
        assert (await client.sdk.files.delete(second.id)).deleted
        assert second.id not in [file.id async for file in client.sdk.files.list()]
        for gone in (second.id, "file-none"):
            for ask in (client.sdk.files.content, client.sdk.files.retrieve, client.sdk.files.delete):
                with pytest.raises(openai.NotFoundError, match="No such File object"):
                    await ask(gone)


@pytest.mark.parametrize(
    ("name", "content"), [("input.txt", TWO), ("input.jsonl", b""), ("input.jsonl", b"{not json\n")]
)
async def test_what_is_no_jsonl_is_not_taken(name: str, content: bytes) -> None:
    """The upload looks at the name and the first line."""
    async with serve() as client:
        with pytest.raises(openai.BadRequestError, match="Invalid file format"):
            await client.upload(content, name)
        assert not (await client.sdk.files.list()).data


async def test_a_batch_file_has_a_limit_of_bytes() -> None:
    """A byte too many is refused at the upload."""
    async with serve(batch(max_bytes=len(TWO))) as client:
        await client.upload(TWO)
        with pytest.raises(openai.BadRequestError, match="too large"):
            await client.upload(TWO + b" ")


async def test_an_upload_needs_a_purpose_that_there_is() -> None:
    """And it must be one of the API's."""
    async with serve() as client:
        with pytest.raises(openai.BadRequestError, match="purpose"):
            await client.sdk.files.create(file=("a.jsonl", TWO), purpose="btach")
        with pytest.raises(openai.BadRequestError, match="purpose"):
            await client.sdk.post("/files", body={"purpose": "batch"}, cast_to=object)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        b"--b\r\nContent-Disposition: form-data; name=file; filename=a.jsonl\r\n\r\n{}\n",  # cut
        b"--b\r\nX\r\n\r\n{}\r\n--b--\r\n",
        b"--b\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nx\r\n--q--\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=purpose\r\nContent-Encoding: x\r\n\r\n\xff\r\n--b--\r\n",
    ],
)
async def test_garbage_is_refused(body: bytes) -> None:
    """Whatever comes instead of an upload, the answer is a 400 and no file stays."""
    async with serve() as client, aiohttp.ClientSession() as session:
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        async with session.post(f"{client.sim.base_url}/files", data=body, headers=headers) as answer:
            assert answer.status == 400
        assert not (await client.sdk.files.list()).data


def test_nothing_stays_on_the_disk() -> None:
    """The store makes its directory when it is needed, and removes it at the end."""
    empty = FileStore(iter("a"))
    empty.close()
    store = FileStore(iter("ab"))
    file = store.new("input.jsonl", "batch")
    assert store.get(file.id) is None
    store.add(file)
    assert store.get(file.id) is file
    folder: Path = file.path.parent
    store.close()
    assert not folder.exists()
