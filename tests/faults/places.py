"""The places where a serving process can be told to kill itself."""

AFTER_LOCK = "after the lock"
AFTER_CLAIM = "after the claim"
BEFORE_COMMIT = "before the commit"
AFTER_COMMIT = "after the commit"
BEFORE_REPLY = "before the reply"
PLACES = (AFTER_LOCK, AFTER_CLAIM, BEFORE_COMMIT, AFTER_COMMIT, BEFORE_REPLY)
