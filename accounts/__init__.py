"""Accounts as people connect them: logging in, keeping the session, bearing Instagram's moods."""
