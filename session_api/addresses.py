"""Which post an address is of, by the address alone.

aiograpi fetches a link that the app shares from wherever it says, past the account's rails, and
takes the last word of any other address for a post's code.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from session_api.given import Malformed

_POST = re.compile(r"/(?:p|reels?|tv)/([A-Za-z0-9_-]{1,64})(?=/|\Z)")
_SHARED = re.compile(r"/share/")


def code_in(url: str) -> str:
    """Return the code of the post at an address; raises `Malformed`."""
    try:
        path = urlsplit(url.strip()).path
    except ValueError:
        path = ""
    if _SHARED.search(path):
        raise Malformed(
            "A shared link does not say which post it is: open it, and send where it leads"
        )
    if (found := _POST.search(path)) is None:
        raise Malformed("The address of a post has /p/, /reel/ or /tv/ and its code")
    return found[1]
