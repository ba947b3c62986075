"""What belongs to somebody else does not exist: every operation, asked by a second user."""

from __future__ import annotations

from operations import models, schedule
from operations.catalogue import OPERATIONS
from operations.resources import Resource, named_fields
from storage.errors import NotFound
from tests.operations.estate import LATER, Estate, concerned, given_for


async def test_a_stranger_finds_nothing_and_changes_nothing(estate: Estate) -> None:
    before = await estate.rows()
    mark = estate.studio.sandbox.ledger.mark()
    reached = []
    for name, operation in OPERATIONS.items():
        if not concerned(operation):
            continue
        target = estate.ids[operation.on] if operation.on is not None else ""
        given = given_for(operation, estate.ids)
        try:
            await estate.house.perform(operation, estate.stranger, given, target)
        except NotFound:
            pass
        else:
            reached.append(name)
    assert reached == []
    assert await estate.rows() == before
    assert not estate.studio.sandbox.ledger.since(mark)


async def test_a_list_of_strangers_mentions_decides_nothing(estate: Estate) -> None:
    before = await estate.rows()
    given = models.Decision(ids=[estate.ids[Resource.REPOST]])
    for name in ("approve_several", "skip_several"):
        answer = await estate.house.perform(OPERATIONS[name], estate.stranger, given)
        assert answer.decided == []
        assert [each.id for each in answer.refused] == given.ids
    assert await estate.rows() == before


def test_every_operation_that_takes_an_id_is_asked() -> None:
    """A field that ends in `_id` names something of somebody's, or is one of Instagram's."""
    theirs = {"location_id", "ig_user_id", "sessionid"}
    for operation in OPERATIONS.values():
        if operation.takes is None:
            continue
        named = {name for name, _ in named_fields(operation.takes)}
        ids = {
            name for name in operation.takes.model_fields if name.endswith(("_id", "_ids", "after"))
        }
        assert ids - theirs == named, operation.name


async def test_what_a_batch_names_is_its_askers_too(estate: Estate) -> None:
    ids, house = estate.ids, estate.house
    batch = models.ScheduleBatch.model_validate(
        {
            "items": [
                {"post_id": ids[Resource.POST], "scheduled_for": LATER},
                {
                    "account_id": ids[Resource.ACCOUNT],
                    "media_type": "IMAGE",
                    "media_file_id": ids[Resource.MEDIA],
                    "scheduled_for": LATER,
                },
            ]
        }
    )
    before = await estate.rows()
    answer = await house.perform(schedule.schedule_several, estate.stranger, batch)
    assert [each.code for each in answer.items] == ["NOT_FOUND", "NOT_FOUND"]
    tried = batch.model_copy(update={"dry_run": True})
    answer = await house.perform(schedule.schedule_several, estate.owner, tried)
    assert [each.code for each in answer.items] == [None, None]
    assert (answer.scheduled, answer.refused) == (0, 0)
    assert await estate.rows() == before
    answer = await house.perform(schedule.schedule_several, estate.owner, batch)
    assert (answer.scheduled, answer.refused) == (2, 0)
