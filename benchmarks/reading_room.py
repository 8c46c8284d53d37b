"""What the reading room costs at the size of an archive: pages on the server, and the chat in a browser.

    python benchmarks/reading_room.py --index NEWS_INDEX [--pages 60] [--questions 50] [--no-browser]

- Pages: articles drawn at random and searches of words of their openings, each asked once after a first one; processor
  time in this process, wall time beside it, and the bytes of the page without images.
- The chat in chromium (Playwright): milliseconds until something is painted and until a question can be typed, and the
  megabytes of the page's own heap after so many questions and a garbage collection. With --index the questions are its
  starters over and over, which the server has answered before.

On a busy machine trust processor time; the browser's times are wall times.
"""

from __future__ import annotations

import random
import resource
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from fastapi.testclient import TestClient
from question_sets import archives_of, arguments_of, printed, told

from assistant.chain import AnswerChain, build_chain
from assistant.export.addresses import article_address
from assistant.index.snapshot import Snapshot
from assistant.settings import Settings, load_settings
from assistant.web import launch
from assistant.web.app import make_app

SEED = 1
WORDS = 4
"""Characters of an opening that are searched for."""
Row = list[str]


def cpu_ms() -> float:
    """Processor time of this process, in milliseconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (used.ru_utime + used.ru_stime)


def pages(chain: AnswerChain, settings: Settings, number: int) -> list[Row]:
    """A row for article pages and one for searches: median and 95th percentile of CPU ms, median of wall ms, kilobytes."""
    snapshot = chain.index.current()
    ids = random.Random(SEED).sample(sorted(snapshot.dates), number + 1)
    chain.starters(6)  # or the application tries them meanwhile
    client = TestClient(make_app(chain, settings), base_url="http://127.0.0.1:7860")
    kinds: dict[str, Callable[[str], str]] = {"article": article_address, "search": lambda one: f"/search?q={_words(snapshot, one)}"}
    rows = []
    for kind, address in kinds.items():
        taken: list[tuple[float, float, int]] = []
        for one in ids:
            cpu, wall = cpu_ms(), time.perf_counter()
            page = client.get(address(one))
            assert page.status_code == 200, (page.status_code, one)
            taken.append((cpu_ms() - cpu, 1000 * (time.perf_counter() - wall), len(page.content)))
        cpus, walls, sizes = (sorted(column) for column in zip(*taken[1:]))
        rows.append([kind, str(number), f"{statistics.median(cpus):.0f}", f"{cpus[int(0.95 * number)]:.0f}",
                     f"{statistics.median(walls):.0f}", f"{statistics.median(sizes) / 1000:.0f}", f"{sizes[-1] / 1000:.0f}"])
    return rows


def _words(snapshot: Snapshot, article_id: str) -> str:
    article = snapshot.articles.article(article_id)
    return "".join(filter(str.isalnum, article.heading if article else ""))[:WORDS]


def chat(chain: AnswerChain, settings: Settings, number: int) -> list[Row]:
    """First paint and usable in milliseconds, the heap at the start and after so many questions in megabytes."""
    from playwright.sync_api import sync_playwright

    questions = chain.starters(6)
    for question in questions:
        chain.invoke(question)
    server = launch(chain, settings, wait=False)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(2):  # the first fills the browser's cache, as a visitor's second page would find it
            page = browser.new_page(locale="zh-CN")
            page.set_default_timeout(120_000)
            begun = time.perf_counter()
            page.goto(server.local_url)
            page.wait_for_selector("#box textarea")
            usable = 1000 * (time.perf_counter() - begun)
            painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
        heap = page.context.new_cdp_session(page)
        before = _heap_mb(heap)
        for turn in range(number):
            page.fill("#box textarea", questions[turn % len(questions)])
            page.press("#box textarea", "Enter")
            page.wait_for_selector(f"#answer-{turn + 1} .copy", state="attached")
            page.wait_for_selector("#box .submit-button")
            page.wait_for_timeout(100)
        after = _heap_mb(heap)
        browser.close()
    server.close()
    return [[f"{painted:.0f}", f"{usable:.0f}", f"{before:.0f}", str(number), f"{after:.0f}"]]


def _heap_mb(session: object) -> float:
    session.send("HeapProfiler.collectGarbage")  # type: ignore[attr-defined]
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6  # type: ignore[attr-defined]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints both tables."""
    parser = arguments_of(__doc__)
    parser.add_argument("--pages", type=int, default=60, help="articles and searches")
    parser.add_argument("--questions", type=int, default=50, help="questions in the browser")
    parser.add_argument("--no-browser", action="store_true", help="the pages alone")
    given = parser.parse_args(arguments)
    index = archives_of(given).index("news" if given.index else "sample")
    settings = load_settings(index=str(index), embedding=given.embedding, port=0)
    chain = build_chain(settings, suggest=True)
    told(f"{len(chain.index.current().dates)} articles in {Path(index)}")
    print(printed(("page", "asked", "CPU ms", "95 % CPU ms", "wall ms", "kB", "most kB"), pages(chain, settings, given.pages)))
    if not given.no_browser and given.questions:
        print(printed(("first paint ms", "usable ms", "heap MB", "questions", "heap MB after"), chat(chain, settings, given.questions)))


if __name__ == "__main__":
    main()
