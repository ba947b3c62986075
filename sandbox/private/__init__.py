"""The Private API as the sandbox plays it."""
