"""The reading room: one web application of pages to read, link, print and hand on, with the chat mounted in it.

site          what every page needs: the archive as it is now, the visitor's language, the templates
articles      /articles/ID        issues    /issues/DATE/PAGE        search    /search
names         /people, /places, /bodies
taking_along  an answer as Word, Markdown, and at an address of its own; thumbs
briefings     /briefing
guard         which requests are let in, and what a page may fetch
app           the application: every router in one line, the chat last
server        the application on an address, and what a port in use is told
"""

from assistant.web.app import make_app
from assistant.web.server import launch

__all__ = ["launch", "make_app"]
