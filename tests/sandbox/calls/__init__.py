"""What the calls of a client do to the sandbox, one row for each call, by subject."""
