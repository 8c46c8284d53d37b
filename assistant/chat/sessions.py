"""Gradio's sessions, kept empty: a conversation lives in the visitor's browser and is sent with each question.

Gradio 6 keeps for each of 10,000 sessions a copy of every component that a handler has updated, and one more for each
update: 58 to 90 kB a question without an end. Nothing on our page is read from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gradio as gr


def forget_sessions(page: gr.Blocks) -> None:
    """Makes a page that is mounted or launched give each request a session of its own, which ends with it."""
    from gradio.state_holder import SessionState, StateHolder

    class NothingHeld(StateHolder):
        def __getitem__(self, session_id: str) -> Any:
            return SessionState(self.blocks)

        def __contains__(self, session_id: str) -> bool:
            return False

    # the object is shared by the page, its queue and its application; there is no other place to give one
    page.state_holder.__class__ = NothingHeld
