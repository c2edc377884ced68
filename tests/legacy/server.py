"""A chat API on loopback whose answers depend on nothing but the messages and the seed.

The fixtures must outlive changes of the simulator and of how requests are encoded, so they have a server of their
own. It can stop answering at a chosen moment, which leaves a client with calls in flight.
"""

import json
import threading
from collections import Counter
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREAMBLE = "Here is the paraphrased note:\n"
STEPS = {"Rewrite": "paraphrase", "Justify": "correct_reasoning", "Explain": "error_reasoning"}
"""The first word of a system prompt in `prompts.json`, and its step."""


class Server:
    """Serve on a free port until closed.

    Args:
        most: answers until no further request is answered; None: no end.
        hold: what the name of a request may contain for it never to be answered, such as "paraphrase farmer".
        refuse: the same for requests that are refused with 400.
        preambles: first paraphrases (without a seed) that contain one of these begin with a preamble.

    `asked` counts requests by name: step, patient, seed and a hash of the messages. `held` are never answered.
    """

    def __init__(
        self,
        most: int | None = None,
        hold: tuple[str, ...] = (),
        refuse: tuple[str, ...] = (),
        preambles: tuple[str, ...] = (),
    ) -> None:
        self._most = most
        self._hold = hold
        self._refuse = refuse
        self._preambles = preambles
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._answered = 0
        self.asked: Counter[str] = Counter()
        self.held = 0
        self._http = _Http(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.base_url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def close(self) -> None:
        """Stop serving, and let go of what is held."""
        self._closed.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def respond(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """Status and body for a chat request; None when it is held until the server closes."""
        name = name_of(request)
        with self._lock:
            self.asked[name] += 1
            if any(part in name for part in self._refuse):
                return 400, {"error": {"message": "refused", "type": "invalid_request_error", "code": None}}
            if self._answered == self._most or any(part in name for part in self._hold):
                self.held += 1
            else:
                self._answered += 1
                return 200, self._complete(request, name)
        self._closed.wait()
        return None

    def _complete(self, request: dict[str, Any], name: str) -> dict[str, Any]:
        system, user = texts_of(request)
        content = _content(name, user)
        if request.get("seed") is None and any(part in name for part in self._preambles):
            content = PREAMBLE + content
        asked, said = (len(system) + len(user)) // 4, len(content) // 4
        return {
            "id": "chatcmpl-legacy",
            "object": "chat.completion",
            "created": 0,
            "model": request["model"],
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said},
        }


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients are killed here."""


class _Handler(BaseHTTPRequestHandler):
    owner: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        answer = self.owner.respond(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if answer is None:
            self.close_connection = True
            return
        status, content = answer
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


def texts_of(request: dict[str, Any]) -> tuple[str, str]:
    """The system prompt and the user's message."""
    system, user = (message["content"] for message in request["messages"])
    return system, user


def name_of(request: dict[str, Any]) -> str:
    """What a request is called, whatever else it says: `<step> <patient's occupation> <seed> <hash>`."""
    system, user = texts_of(request)
    patient = user.partition("-year-old ")[2].partition(" ")[0]
    digest = blake2b(json.dumps([system, user]).encode(), digest_size=4).hexdigest()
    return f"{STEPS[system.split()[0]]} {patient} {request.get('seed')} {digest}"


def _note(user: str) -> str:
    return user.partition("<note>")[2].rpartition("</note>")[0]


def _content(name: str, user: str) -> str:
    if name.startswith("paraphrase"):
        return _note(user).replace(" comes to ", " presents to ")
    sentence = _note(user).split(". ")[0]
    return json.dumps({"summary": sentence, "evidence": f"{sentence}, by {name[-8:]}"}, ensure_ascii=False)
