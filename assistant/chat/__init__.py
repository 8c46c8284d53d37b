"""The chat: ask on the left, the newspaper's own words on the right.

conversation  what a visitor's browser keeps, read back as a stranger's input
cards         answers and articles as HTML, everything escaped
page          the Gradio page and what happens on it (the only importer of gradio, with mount)
mount         the page within a web application: its look, its closed doors
"""

from assistant.chat.page import build_chat

__all__ = ["build_chat"]
