"""The batch question-answer evaluation: the same as `assistant evaluate`."""

import sys

from assistant.cli import main

if __name__ == "__main__":
    main(["evaluate", *sys.argv[1:]], prog_name="python evaluate.py")
