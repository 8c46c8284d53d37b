"""Ask a city's newspaper about local governance and events; every statement shows its source.

    from assistant import Ask, build_chain, load_settings

    chain = build_chain(load_settings(index="index"))
    print(chain.invoke("解放区有多少个网格？").text)
"""

import os
from typing import TYPE_CHECKING

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime reports to its maker, as soon as it is imported

if TYPE_CHECKING:
    from assistant.chain import build_chain
    from assistant.schema import Answer, Ask
    from assistant.settings import load_settings

__all__ = ["Answer", "Ask", "build_chain", "load_settings"]

_HOMES = {"build_chain": "assistant.chain", "Answer": "assistant.schema", "Ask": "assistant.schema",
          "load_settings": "assistant.settings"}


def __getattr__(name: str) -> object:
    """A public name, from its module when it is first asked for: the import of the package stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'assistant' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
