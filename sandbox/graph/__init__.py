"""Meta's official API as the sandbox plays it."""
