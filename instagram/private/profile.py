"""The own profile: all of it is sent at once, so what is to stay is asked first."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiograpi.extractors import extract_account, extract_user_short

from instagram.private.client import PrivateClient
from instagram.private.uploads import upload_photo

FIELDS = ("external_url", "username", "full_name", "biography", "phone_number", "email")


async def edit(client: PrivateClient, changes: Mapping[str, str]) -> Any:
    """Change some of `FIELDS`; what is not named stays."""
    before = await client.account_info()
    others = {name: text for name, text in changes.items() if name != "biography"}
    account = before
    if others:
        known = before.model_dump()
        data = {name: known[name] for name in FIELDS} | others
        data["first_name"] = data.pop("full_name")
        sent = client.with_default_data(data)
        answer = await client.private_request("accounts/edit_profile/", sent)
        account = extract_account(answer["user"])
    if "biography" in changes:
        await client.account_set_biography(changes["biography"])
        account = account.model_copy(update={"biography": changes["biography"]})
    return account


async def change_picture(client: PrivateClient, photo: Path) -> Any:
    """Make a JPEG the profile picture."""
    upload_id = str(time.time_ns() // 1_000_000)
    await upload_photo(client, photo, upload_id)
    sent = client.with_default_data({"use_fbuploader": True, "upload_id": upload_id})
    answer = await client.private_request("accounts/change_profile_picture/", sent)
    return extract_user_short(answer["user"])
