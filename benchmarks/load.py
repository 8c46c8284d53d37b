"""What a server does under a crowd and over a day: two tables.

    python benchmarks/load.py [--clients 200] [--questions 500] [--refreshes 50]

- A crowd: so many clients at once, each with a question of its own through the page's queue, from an address of its own.
  Who is told "busy" is counted and does not come back. The server is a process of its own on the sample newspaper.
- A day: questions one after another and refreshes of a changing corpus among them, while a page stays open. Memory is the
  server's (RSS) after a first part, in which everything is opened once, and at the end; so are its descriptors.

The load's own processor time is not the server's. On a busy machine trust CPU seconds: p95 on an idle machine of so many
processors is about what the line lets in, times the CPU seconds of a question, over the processors.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from question_sets import ROOT, arguments_of, printed, told

from assistant.chat.page import UNAVAILABLE
from assistant.evaluation import metrics
from assistant.index.refresh import refresh
from assistant.models.embedding import load_embedding

PUBLIC = "http://paper.example.org"
CROWD = ("clients", "served", "busy", "errors", "p50 s", "p95 s", "longest to busy s", "CPU s in all", "peak MB")
DAY = ("questions", "refreshes", "MB at first", "MB at last", "growth %", "descriptors at first", "at last")
WARM = 0.2
"""Share of the day that comes before the first look."""


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, int]]:
    """The address and process id of a server on the sample newspaper, copied into `folder`."""
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ASSISTANT_PUBLIC_URL": PUBLIC, "ASSISTANT_RATE_LIMIT": "0"}
    refresh(folder / "corpus", folder / "index", load_embedding())
    process = subprocess.Popen([sys.executable, "-m", "assistant", "chat", "--port", "0"], cwd=folder, env=environment,
                               stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        line = next(line for line in process.stdout if "http://" in line)
        yield line[line.index("http://"):].split()[0], process.pid
    finally:
        process.terminate()
        process.wait(30)


def questions() -> list[str]:
    """The sample's questions."""
    lines = (ROOT / "corpus" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(json.loads(line)["question"] for line in lines))


def of_process(pid: int) -> tuple[float, float, int]:
    """(CPU seconds, RSS in MB, descriptors) of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    memory = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK"), memory, len(os.listdir(f"/proc/{pid}/fd"))


def client(address: str) -> httpx.AsyncClient:
    """All visitors in one: what opens their connections."""
    return httpx.AsyncClient(base_url=address, headers={"host": PUBLIC.partition("//")[2]}, trust_env=False, timeout=120,
                             limits=httpx.Limits(max_connections=None))


async def asked(asking: httpx.AsyncClient, function: int, question: str, number: int, session: str) -> tuple[str, float]:
    """("served", "busy" or what went wrong; seconds) of a question through the page's queue; the visitor of that `number`
    has an address of its own, as a proxy on this machine would pass it on."""
    begun, headers = time.perf_counter(), {"x-forwarded-for": f"10.0.{number // 250}.{number % 250 + 1}"}
    join = await asking.post("/gradio_api/queue/join", headers=headers, json={
        "data": [question, [], "", {}], "fn_index": function, "session_hash": session})
    if join.status_code in (429, 503):
        return "busy", time.perf_counter() - begun
    if join.status_code != 200:
        return f"{join.status_code}", time.perf_counter() - begun
    outcome = "nothing"
    async with asking.stream("GET", "/gradio_api/queue/data", headers=headers, params={"session_hash": session}) as events:
        async for line in events.aiter_lines():
            if "问的人太多" in line:
                outcome = "busy"
            elif UNAVAILABLE.partition("。")[0] in line:
                return "unavailable", time.perf_counter() - begun
            elif '"process_completed"' in line:
                return outcome if outcome == "busy" else "served" if '"success":true' in line.replace(" ", "") else "failed", \
                    time.perf_counter() - begun
            elif "close_stream" in line:
                break
    return outcome, time.perf_counter() - begun


async def asking_function(asking: httpx.AsyncClient) -> int:
    """The number of the page's function that answers."""
    functions = (await asking.get("/config")).json()["dependencies"]
    return next(one["id"] for one in functions if len(one["inputs"]) == 4 and len(one["targets"]) >= 2)


async def crowd(address: str, pid: int, clients: int) -> list[str]:
    """One row of CROWD."""
    asking = client(address)
    function = await asking_function(asking)
    asks = questions()
    for question in asks[-3:]:
        await asked(asking, function, question, 0, f"warm{question}")
    peak, ended = 0.0, False

    async def watch() -> None:
        nonlocal peak
        while not ended:
            peak = max(peak, of_process(pid)[1])
            await asyncio.sleep(0.1)

    watching, before = asyncio.create_task(watch()), of_process(pid)[0]
    found = await asyncio.gather(*(asked(asking, function, f"{asks[n % len(asks)]}{'　' * (n // len(asks))}", n, f"crowd{n}")
                                   for n in range(clients)), return_exceptions=True)
    cpu, ended = of_process(pid)[0] - before, True
    await watching
    await asking.aclose()
    rows = [("error", 0.0) if isinstance(one, BaseException) else one for one in found]
    kinds = Counter(kind for kind, _ in rows)
    served = [seconds for kind, seconds in rows if kind == "served"]
    busy = [seconds for kind, seconds in rows if kind == "busy"]
    wrong = len(rows) - len(served) - len(busy)
    if wrong:
        told(str(kinds))
    return [str(clients), str(len(served)), str(len(busy)), str(wrong),
            *(f"{metrics.percentile(served, share):.1f}" for share in (0.5, 0.95)), f"{max(busy, default=0):.1f}",
            f"{cpu:.1f}", f"{peak:.0f}"]


async def day(address: str, pid: int, folder: Path, count: int, refreshes: int) -> list[str]:
    """One row of DAY."""
    asking = client(address)
    function, asks = await asking_function(asking), questions()
    every, first = max(1, count // max(1, refreshes)), (0.0, 0)
    embedding = load_embedding()
    for n in range(count):
        if refreshes and n % every == every - 1:
            (folder / "corpus" / "changing.md").write_text(f"甲街道第 {n} 座图书馆开放，有 {n} 个座位。\n", encoding="utf-8")
            await asyncio.to_thread(refresh, folder / "corpus", folder / "index", embedding)
        outcome, _ = await asked(asking, function, asks[n % len(asks)], 0, f"day{n}")
        assert outcome == "served", outcome
        if n == int(count * WARM):
            _, *first = of_process(pid)
    _, memory, descriptors = of_process(pid)
    await asking.aclose()
    return [str(count), str(refreshes), f"{first[0]:.0f}", f"{memory:.0f}", f"{100 * (memory / first[0] - 1):.1f}",
            str(first[1]), str(descriptors)]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = arguments_of(__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--questions", type=int, default=500, help="of the day; 0: no day")
    parser.add_argument("--refreshes", type=int, default=50)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as (address, pid):
        if given.clients:
            print(printed(CROWD, [asyncio.run(crowd(address, pid, given.clients))]), flush=True)
        if given.questions:
            print("\n" + printed(DAY, [asyncio.run(day(address, pid, Path(folder), given.questions, given.refreshes))]))


if __name__ == "__main__":
    main()
