"""Work in processes of its own: prepared, let go at one moment, its findings read as JSON."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from app.config import ROOT

READY, GO = "ready\n", "go\n"


def run(module: str, plans: Sequence[Mapping[str, object]], patience: float) -> list[dict[str, Any]]:
    """Start `python -m module PLAN` for every plan, say "go" when all are ready, return what they print.

    Raises RuntimeError when one breaks off and TimeoutExpired when one takes longer than `patience` seconds;
    none of them is left running.
    """
    with ExitStack() as stack:
        children = []
        for plan in plans:
            command = [sys.executable, "-m", module, json.dumps(plan)]
            child = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            stack.enter_context(child)
            stack.callback(child.kill)  # does nothing to one that has ended
            children.append(child)
        for child in children:
            assert child.stdout is not None
            if child.stdout.readline() != READY:
                raise RuntimeError(f"{module} did not start")
        for child in children:
            assert child.stdin is not None
            child.stdin.write(GO)
            child.stdin.flush()
        told = [child.communicate(timeout=patience)[0] for child in children]
        if any(child.returncode for child in children):
            raise RuntimeError(f"{module} broke off")
    return [json.loads(each) for each in told]


def wait_for_go() -> None:
    """In the child: everything is prepared; come back when the clock may run."""
    print(READY, end="", flush=True)
    sys.stdin.readline()
