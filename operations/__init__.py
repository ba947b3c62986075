"""Every act, once: a validated model in, a model out; no transport."""
