"""Staff sign in and out, and set their passwords."""
