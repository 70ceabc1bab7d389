"""viewer < editor < admin."""

from app.domain.roles import Role


def test_a_higher_role_covers_a_lower_one() -> None:
    covered = {(have, need) for have in Role for need in Role if have.covers(need)}
    v, e, a = Role.VIEWER, Role.EDITOR, Role.ADMIN
    assert covered == {(v, v), (e, v), (e, e), (a, v), (a, e), (a, a)}
