"""Runs a command line in a terminal of its own, as a dyno does for `heroku run` without --no-tty.

usage: terminal.py COMMAND-LINE

What comes on standard input is typed there; what the terminal shows, the echo of what was typed included, goes to standard output.
"""
import os
import pty
import sys

sys.exit(os.waitstatus_to_exitcode(pty.spawn(["/bin/sh", "-c", sys.argv[1]])))
