"""Prompts: what people ask of an agent again and again, put well."""

from __future__ import annotations

from typing import Any

from mcp.server import MCPServer


def add(server: MCPServer[Any]) -> None:
    """Add the prompts to the server."""
    for prompt in (weekly_review, plan_week, triage_mentions, what_is_wrong):
        server.prompt(description=prompt.__doc__)(prompt)


def weekly_review(account: str) -> str:
    """What went out this week, what failed and why, and what waits."""
    return (
        f"Review the last seven days of @{account.lstrip('@')}: list_posts with since 7d for "
        "PUBLISHED and FAILED, list_mentions with since 7d, and get_overview. Say what went out, "
        "what failed with its code and what to do about it, and what waits and until when. Change "
        "nothing."
    )


def plan_week(account: str, ideas: str = "") -> str:
    """Drafts for a week, to be looked at before anything is scheduled."""
    return (
        f"Plan a week of posts for @{account.lstrip('@')}. {ideas}\nLook at what is scheduled and "
        "what went out lately, so that nothing is repeated. Save drafts with save_post and show "
        "them with the times that you propose. Only when I agree: schedule_posts with dry_run, "
        "then without it, with the same request_id."
    )


def triage_mentions(account: str) -> str:
    """Go through the mentions that wait, with their pictures."""
    return (
        f"Show me the mentions of @{account.lstrip('@')} that wait for approval: list_mentions "
        "with status WAITING_APPROVAL and show_media 4. For each say who it is from, what it "
        "shows, what to know before it goes out, and until when I can decide. Decide nothing "
        "without my word; then use decide_mentions by ids."
    )


def what_is_wrong(account: str = "") -> str:
    """Why nothing happens, or something failed, and what mends it."""
    whom = f" with @{account.lstrip('@')}" if account else ""
    return (
        f"Find out what is wrong{whom}: get_overview, then list_posts with status FAILED and "
        "since 7d, and get_post of the newest. Read reprise://errors/CODE for each code. Say in "
        "plain words what holds things back, until when, and what I have to do. Retry nothing by "
        "yourself."
    )
