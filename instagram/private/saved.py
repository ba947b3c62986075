"""What an account saved and likes, where aiograpi gives half a list for an error."""

from __future__ import annotations

from typing import Any

from aiograpi.extractors import extract_collection

from instagram import errors
from instagram.private.client import PrivateClient

_KINDS = '["ALL_MEDIA_AUTO_COLLECTION","PRODUCT_AUTO_COLLECTION","MEDIA"]'
_MOST_PAGES = 20


async def collections(client: PrivateClient) -> list[Any]:
    """Return all collections."""
    found: list[Any] = []
    cursor = ""
    for _ in range(_MOST_PAGES):
        params = {"collection_types": _KINDS, "max_id": cursor}
        answer = await client.private_request("collections/list/", params=params)
        found += [extract_collection(each) for each in answer["items"]]
        after = answer.get("next_max_id") or answer.get("max_id") or ""
        if not answer.get("more_available") or after == cursor:
            break
        cursor = after
    return found


async def collection(client: PrivateClient, pk: str | None, name: str | None) -> Any:
    """Return one collection, by its id or its name; raises `Gone` where there is none."""
    for each in await collections(client):
        if each.id == pk or (not pk and each.name == name):
            return each
    raise errors.Gone("There is no such collection")


async def media_in(client: PrivateClient, where: str, most: int, last_pk: int) -> list[Any]:
    """Return at most so many posts of a collection (or `liked`), those before `last_pk`."""
    found: list[Any] = []
    cursor = ""
    for _ in range(_MOST_PAGES):
        page, after = await client.collection_medias_v1_chunk(where, max_id=cursor)
        for media in page:
            if last_pk and str(media.pk) == str(last_pk):
                return found
            found.append(media)
        if len(found) >= most or not page or not after or after == cursor:
            break
        cursor = after
    return found[:most]
