"""Meta's official API: requests, answers as values, errors as ours."""
