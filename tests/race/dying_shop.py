"""A shop's request whose server dies: `python -m tests.race.dying_shop URL CODE before|after`.

It redeems the code under one idempotency key and says so on standard output, before or after its commit; then
it waits to be killed.
"""

import sys
import time
from uuid import UUID

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.adapters.chance import SystemRng
from app.adapters.database import Limits, prepare_engine
from app.services import idempotency
from app.services.idempotency import Answer, Asked
from app.services.redemptions import Order, Redeemed, redeem_in
from tests.support.fakes import NOON
from tests.support.shop import STAFF

ASKED = Asked(UUID(int=1), "order-1", b"redeem")


def work(session: Session, code: str) -> Answer:
    """Redeem the code."""
    done = redeem_in(session, code, Order(), STAFF, now=NOON, rng=SystemRng())
    return Answer(201 if isinstance(done, Redeemed) else 409, "{}")


def main(url: str, code: str, moment: str) -> None:
    """Do it, say so, wait."""
    engine = create_engine(url)
    prepare_engine(engine, Limits())

    def then_wait(session: Session) -> Answer:
        answer = work(session, code)
        session.flush()
        if moment == "before":
            wait()
        return answer

    with Session(engine, expire_on_commit=False) as session:
        idempotency.once(session, ASKED, then_wait, now=NOON)
    wait()


def wait() -> None:
    """For the end."""
    sys.stdout.write("done\n")
    sys.stdout.flush()
    time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
