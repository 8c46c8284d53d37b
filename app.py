"""The web chat: the same as `assistant chat`."""

import sys

from assistant.cli import main

if __name__ == "__main__":
    main(["chat", *sys.argv[1:]], prog_name="python app.py")
