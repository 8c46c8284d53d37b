"""The chat page: ask on the left, the newspaper's own words on the right.

conversation  what a visitor's browser keeps, read back as a stranger's input
cards         answers and articles as HTML, everything escaped
page          the Gradio page and what happens on it (the only importer of gradio, with server)
server        the page on an address: limits, closed doors, and what a port in use is told
"""

from assistant.chat.page import build_chat
from assistant.chat.server import launch_chat

__all__ = ["build_chat", "launch_chat"]
