"""PostgreSQL's own load program, with one script and 32 clients."""

import re
import subprocess
from pathlib import Path

from sqlalchemy import ClauseElement, create_engine

from app.services import allocation
from benchmarks.ground import Missing, driver_url, text
from tests.support import postgres

CLIENTS = 32
_PROCESSED = re.compile(r"number of transactions actually processed: (\d+)")
_RATE = re.compile(r"tps = ([\d.]+) ")

_claim = allocation._COMMON.from_start.statement
assert isinstance(_claim, ClauseElement)
_dialect = create_engine("postgresql+psycopg://", paramstyle="named").dialect
# The engine's own statement as SQLAlchemy sends it; its named parameters are pgbench's variables.
OURS = rf"""\set start random(0, {allocation.SLOTS - 1})
{_claim.compile(dialect=_dialect)};
"""
_VARIABLES = {"status": "won", "param_1": "1"}


def find() -> Path:
    """The program beside the server's; raises Missing."""
    folder = postgres.find()
    if folder is None or not (folder / "pgbench").exists():
        raise Missing("pgbench is not installed (Debian: postgresql)")
    return folder / "pgbench"


def claims_per_second(program: Path, url: str, script: str, folder: Path, seconds: float) -> float:
    """Run the script over and over; counts those that won a code. Raises RuntimeError when many did not."""
    path = folder / "claim.sql"
    path.write_text(script)
    tier = text(url, "SELECT id FROM tier")
    variables = [f"--define={name}={value}" for name, value in (_VARIABLES | {"tier": tier}).items()]
    told = subprocess.run(
        [
            program, "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", "--jobs=2",
            f"--time={max(1, round(seconds))}", f"--file={path}", *variables, driver_url(url),
        ],
        capture_output=True, text=True, check=True, timeout=seconds + 60,
    ).stdout  # fmt: skip
    processed, rate = _PROCESSED.search(told), _RATE.search(told)
    if processed is None or rate is None:
        raise RuntimeError(f"pgbench said something else than expected:\n{told}")
    won = int(text(url, "SELECT count(*) FROM code WHERE status = 'won'"))
    # A start behind the last free slot finds nothing: the engine then wraps round, the script does not.
    if won < 0.99 * int(processed[1]):
        raise RuntimeError(f"{processed[1]} claims but {won} codes: none left, or one given twice")
    return float(rate[1]) * won / int(processed[1])
