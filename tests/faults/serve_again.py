"""`python -m tests.faults.serve_again <module>`: granian with one worker, started anew whenever that dies.

Each server is forked off with the application loaded, so that it answers again at once; granian's own respawn
gives up when workers die as often as they do here.
"""

import importlib
import os
import signal
import sys
from types import FrameType

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from tests.support.site import THREADS


def main(module: str) -> None:
    """Serve until told to stop."""
    importlib.import_module(module)
    child = 0

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if child:
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)
        os._exit(0)

    while True:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the fork must not inherit a handler meant for us
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _serve(f"{module}:app")
            os._exit(1)
        signal.signal(signal.SIGTERM, stop)
        os.waitpid(child, 0)


def _serve(target: str) -> None:
    MPServer(
        target,
        address="127.0.0.1",
        port=int(os.environ["PORT"]),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        workers_kill_timeout=2,
        websockets=False,
        log_level=LogLevels.critical,
    ).serve()


if __name__ == "__main__":
    main(sys.argv[1])
