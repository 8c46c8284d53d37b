"""The embedding refresh command: the same as `assistant refresh`."""

import sys

from assistant.cli import main

if __name__ == "__main__":
    main(["refresh", *sys.argv[1:]], prog_name="python ingest.py")
