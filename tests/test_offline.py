"""What the kernel saw: after the installation nothing looks up a name or connects beyond this machine."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from assistant.settings import PREFIX

ROOT = Path(__file__).resolve().parent.parent
STRACE = shutil.which("strace")
CALLS = "connect,sendto,sendmsg,sendmmsg,bind"
"""All that names a peer or an address; `socket` alone goes nowhere."""
_ADDRESS = re.compile(r'sa_family=(\w+)(?:, sin6?_port=htons\((\d+)\))?'
                      r'(?:.*?inet_(?:addr|pton)\((?:AF_INET6, )?"([^"]+)")?')


def _traced(log: Path, *command: str) -> list[str]:
    return [str(STRACE), "-f", "--seccomp-bpf", "-qq", "-e", f"trace={CALLS}", "-o", str(log), *command]


def _why_not() -> str:
    if STRACE is None:
        return "there is no strace here (Debian: apt-get install strace)"
    done = subprocess.run(_traced(Path(os.devnull), "true"), capture_output=True, text=True, timeout=30)
    return f"strace may not trace here: {done.stderr.strip()[:200]}" if done.returncode else ""


WHY_NOT = _why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


def beyond(log: str) -> list[str]:
    """The calls of an strace log that name a peer beyond local sockets and loopback, or look up a name (port 53)."""
    found = []
    for line in log.splitlines():
        for family, port, address in _ADDRESS.findall(line):
            local = family in ("AF_UNIX", "AF_NETLINK", "AF_UNSPEC") or address == "::1" or address.startswith("127.")
            if not local or port == "53":
                found.append(line)
    return found


@pytest.mark.parametrize(("call", "goes_out"), [
    ('connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT', False),
    ('connect(3, {sa_family=AF_INET, sin_port=htons(7860), sin_addr=inet_addr("127.0.0.1")}, 16) = 0', False),
    ('sendto(3, "x", 1, 0, NULL, 0) = 1', False),
    ('connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 16) = 0', True),
    ('connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.1")}, 16) = 0', True),
    ('connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), '
     'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 ENETUNREACH', True),
    ('sendto(3, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.1")}, 16) = 1', True),
])
def test_a_call_that_goes_out_is_seen(call: str, goes_out: bool) -> None:
    assert beyond(f"100 {call}") == [f"100 {call}"] * goes_out


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """That of a person who set nothing: no switch that would turn telemetry off."""
    quiet = re.compile(rf"^({PREFIX}|HF_|TRANSFORMERS_|GRADIO_|ANONYMIZED_|LANGCHAIN_|LANGSMITH_|DO_NOT_TRACK)")
    return {**{name: value for name, value in os.environ.items() if not quiet.match(name)}, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """A folder with the index of the sample newspaper, and refresh.log of its making."""
    folder = tmp_path_factory.mktemp("offline")
    command = _traced(folder / "refresh.log", sys.executable, "-m", "assistant", "refresh",
                      "--corpus", str(ROOT / "corpus"))
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_refresh_stays_on_this_machine(place: Path) -> None:
    assert beyond((place / "refresh.log").read_text()) == []


def test_an_answer_stays_on_this_machine(place: Path, environment: dict[str, str]) -> None:
    command = _traced(place / "ask.log", sys.executable, "-m", "assistant", "ask", "王忠殿是哪一天牺牲的？")
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "[1]" in done.stdout, done.stderr
    assert beyond((place / "ask.log").read_text()) == []


def test_the_chat_page_stays_on_this_machine(place: Path, environment: dict[str, str]) -> None:
    command = _traced(place / "chat.log", sys.executable, "-u", "-m", "assistant", "chat", "--port", "0")
    chat = subprocess.Popen(command, cwd=place, env=environment, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, start_new_session=True)
    assert chat.stdout is not None
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+", line := chat.stdout.readline())
        assert address, line or chat.communicate(timeout=10)[1]
        with urllib.request.urlopen(address[0], timeout=60) as page:
            assert page.status == 200
        time.sleep(2)  # telemetry is sent by threads of its own
    finally:
        with suppress(ProcessLookupError):  # it could not start, and the assertion says why
            os.killpg(chat.pid, signal.SIGTERM)
        chat.communicate(timeout=60)
    log = (place / "chat.log").read_text()
    assert 'inet_addr("127.0.0.1")' in log and beyond(log) == []
