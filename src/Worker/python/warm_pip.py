"""Has pip imported and runs its commands in forked children, one at a time: forking takes milliseconds, importing pip a quarter second.

usage: FIFO        run with -I

Prints "ready". A request is one line of JSON on the fifo: {"mark", "arguments", "environment", "directory"}. What the command prints goes
where our own output goes, and a line of the mark and the exit code says that it has ended. The fifo's end is ours.
"""
import gc
import json
import os
import runpy
import sys
import tempfile
import traceback


def import_pip():
    """Saves time, and nothing depends on it: another version of pip may have none of these names."""
    import pip._internal.cli.main
    import pip._internal.commands.download
    from pip._internal.network import session
    from pip._internal.utils import compatibility_tags

    # Both ask the system the same questions at every command.
    compatibility_tags.get_supported()
    agent = session.user_agent()
    session.user_agent = lambda: agent


def run_pip(request):
    """The official way to run pip inside a process: as a module, and nothing after it. Returns its exit code."""
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None
    sys.argv = ["pip", *request["arguments"]]
    try:
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def end_process(code):
    """Without taking down the imported modules, which the parent still has."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


with open(sys.argv[1], encoding="utf-8") as requests:
    try:
        import_pip()
    except Exception:
        pass
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    for line in requests:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            end_process(run_pip(request))
        status = os.waitpid(child, 0)[1]
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        print("\n%s %d" % (request["mark"], code), flush=True)
