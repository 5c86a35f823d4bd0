"""Cases that a program of this folder runs one after the other, each in a folder of its own that stays where it failed."""
import shutil
import sys
import tempfile
import time
import traceback

from node import Failure

CASES = []


class Skipped(Exception):
    """What the case needs is not here: says what."""


def case(function):
    """Marks a function of the work folder; what it returns is printed behind its name."""
    CASES.append(function)
    return function


def expect(condition, text):
    if not condition:
        raise Failure(text)


def run(function):
    work = tempfile.mkdtemp(prefix=f"millrace-{function.__name__}-")
    begun = time.monotonic()
    try:
        said = function(work)
        print(f"ok    {function.__name__} ({time.monotonic() - begun:.1f} s): {said or 'as it should'}", flush=True)
        shutil.rmtree(work, ignore_errors=True)
        return True
    except Skipped as why:
        print(f"skip  {function.__name__}: {why}", flush=True)
        shutil.rmtree(work, ignore_errors=True)
        return True
    except Failure as failure:
        print(f"FAIL  {function.__name__}: {failure}\n      kept in {work}", flush=True)
    except Exception:
        print(f"FAIL  {function.__name__}: the test broke; kept in {work}", flush=True)
        traceback.print_exc()
    return False


def main(program):
    """All of them, or those named on the command line; `--list` names them. The exit code."""
    if "--list" in sys.argv:
        for function in CASES:
            print(f"{function.__name__}: {(function.__doc__ or '').partition(chr(10))[0]}")
        return 0
    wanted = sys.argv[1:]
    unknown = set(wanted) - {f.__name__ for f in CASES}
    if unknown:
        print(f"{program}: no case named {', '.join(sorted(unknown))}; see --list")
        return 1
    results = [run(function) for function in CASES if not wanted or function.__name__ in wanted]
    print(f"{program}: {sum(results)} of {len(results)} cases hold")
    return 0 if all(results) else 1
