"""The tool `fetch`: what it reads, what it refuses, and where it really connects."""

import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from attrs import define, field

from elixirml.contracts import Tool, ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.testing.conformance import ToolConformance
from elixirml_tools import Fetch

pytestmark = pytest.mark.anyio

Answer = Callable[[BaseHTTPRequestHandler], None]


@define
class Site:
    """A server on this machine.

    Attributes:
        port: Where it listens.
        answers: What it does for each path.
        seen: What it was asked, as path and headers.
    """

    port: int
    answers: dict[str, Answer] = field(factory=dict[str, Answer])
    seen: list[tuple[str, dict[str, str]]] = field(factory=list[tuple[str, dict[str, str]]])

    def url(self, path: str, host: str = "site.example") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            found.answers[self.path](self)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Site(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def says(body: bytes, *, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"content_type": "text/plain", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


async def fetched(url: str, **options: Any) -> ToolResult:
    """Fetch with every name of `.example` on this machine, which is allowed."""
    here = {"resolve": lambda name: ["127.0.0.1"] if name.endswith(".example") else [], "allow": lambda address: True}
    return await Fetch(**{**here, **options}).call({"url": url}, ToolContext())


async def test_a_text_is_read_and_taints(site: Site) -> None:
    """The server sees the name it is known by, and nothing of this machine."""
    site.answers["/a?b=c"] = says("grüße".encode("latin-1"), content_type="text/html; charset=latin-1")
    found = await fetched(site.url("/a?b=c"))
    assert found == ToolResult("grüße", tainted=True)
    path, headers = site.seen[0]
    assert path == "/a?b=c"
    assert headers["host"] == f"site.example:{site.port}"
    assert set(headers) <= {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert ToolFlag.READS_OUTSIDE in Fetch().flags


async def test_this_machine_is_not_reached_unless_it_is_allowed(site: Site) -> None:
    """The guard is on by default, for names and for numbers alike."""
    for host in ("site.example", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "localhost"):
        found = await Fetch(resolve=lambda name: ["127.0.0.1"]).call({"url": site.url("/", host)}, ToolContext())
        assert found.error is not None
        assert "refused" in found.error
    assert site.seen == []


async def test_it_connects_to_the_address_that_was_judged(site: Site) -> None:
    """A name that leads elsewhere the second time is not asked a second time."""
    site.answers["/"] = says(b"here")
    answers = [["127.0.0.1"], ["203.0.113.1"]]
    assert (await fetched(site.url("/"), resolve=lambda name: answers.pop(0))).content == "here"
    assert len(answers) == 1


async def test_redirects_are_followed_and_each_is_judged(site: Site) -> None:
    """Five are followed; one that leads inside is refused before anything is connected to."""
    for number in range(6):
        site.answers[f"/{number}"] = says(b"", status=302, location=f"/{number + 1}")
    site.answers["/6"] = says(b"the end")
    assert (await fetched(site.url("/1"))).content == "the end"
    too_many = await fetched(site.url("/0"))
    assert "redirects" in str(too_many.error)

    site.answers["/away"] = says(b"", status=307, location=site.url("/secret", "inside.test"))
    site.answers["/file"] = says(b"", status=301, location="file:///etc/passwd")
    assert "(unresolved)" in str((await fetched(site.url("/away"))).error)
    assert "(scheme)" in str((await fetched(site.url("/file"))).error)
    assert "/secret" not in [path for path, _ in site.seen]


async def test_a_text_without_end_is_cut(site: Site) -> None:
    """Reading stops at the limit, however much is sent."""

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            pass  # the reader left

    site.answers["/"] = endless
    found = await fetched(site.url("/"), most_bytes=1000)
    assert found.content == "x" * 1000 + "\n[cut after 1000 bytes]"


async def test_a_slow_server_is_left(site: Site) -> None:
    """The time limit is for all of it: a drop now and then does not prolong it."""
    over = threading.Event()

    def dripping(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not over.wait(0.02):
                handler.wfile.write(b"x")
        except OSError:
            pass  # the reader left

    site.answers["/"] = dripping
    try:
        assert "longer than 0.3 s" in str((await fetched(site.url("/"), seconds=0.3)).error)
    finally:
        over.set()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (says(b"\x89PNG", content_type="image/png"), "image/png"),
        (says(b"?", content_encoding="gzip"), "compressed"),
        (says(b"no", status=404), "404"),
    ],
)
async def test_what_is_no_text_is_not_read(site: Site, answer: Answer, why: str) -> None:
    """Pictures, compressed bytes and errors are told, not decoded."""
    site.answers["/"] = answer
    found = await fetched(site.url("/"))
    assert found.content is None
    assert why in str(found.error)


async def test_a_server_that_is_not_there_is_an_error() -> None:
    """The model is told; nothing is raised."""
    found = await fetched("http://site.example:9/")
    assert "Not fetched: ConnectError" in str(found.error)


class TestFetch(ToolConformance):
    """What is promised of every tool, with an example that leads to a server on this machine."""

    site: Site

    @pytest.fixture(autouse=True)
    def _site(self, site: Site) -> None:
        site.answers["/lamp"] = says(b"The lamp is on the pier.")
        self.site = site

    def subject(self) -> Tool:
        example = ToolExample({"url": self.site.url("/lamp")}, "The lamp is on the pier.")
        return Fetch(resolve=lambda _: ["127.0.0.1"], allow=lambda _: True, examples=(example,))

    def failing(self) -> Mapping[str, Any]:
        return {"url": "ftp://site.example/"}
