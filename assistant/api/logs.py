"""The server's log as JSON lines, for a collector: what happened, never what was asked or by whom."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

LOGGER = "assistant"


class JsonLines(logging.Formatter):
    """A record as one JSON object: time, level, logger, message, what was told beside it, and the trace of a fault."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        row = {"time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
               "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage(),
               **getattr(record, "beside", {})}
        if record.exc_info:
            row["trace"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=False, default=str)


def log_json() -> None:
    """Makes everything that this process logs JSON lines on standard error, the requests of each door included; uvicorn's
    too, where it is given no configuration of its own."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(LOGGER).setLevel(logging.INFO)


def log_text() -> None:
    """Has whatever is worth a warning printed on standard error, a line each and a fault with its trace. To be called before
    the MCP server is made, which else has all of it drawn in boxes of 80 columns."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
