"""Every endpoint that is an operation, one row each; what an operation does is in `operations/`."""

from __future__ import annotations

from api.contract import Auth, Operations
from ground.refusal import ErrorCode
from operations import (
    account_sessions,
    accounts,
    api_keys,
    author_rules,
    card_preview,
    cloud,
    insights,
    library,
    logins,
    machine,
    media,
    mentions,
    notify,
    posts,
    schedule,
    story_repost,
    swapping,
    system,
    token_login,
    trial,
    usual_times,
    webhooks,
)

_REPOST = "/story-repost"
_LOGIN = "/settings/private-api-credentials"
_OPTIONS = "/settings/private-api-options/<accountId>"
_KEYS = "/settings/api-keys"
_NO_ACCOUNT = {"accountId": ErrorCode.MISSING_ACCOUNT_ID}

health_rows = Operations("Health")
health_rows.row("GET", "/health/ig-version", system.get_ig_version)

account_rows = Operations("Auth")
account_rows.row("GET", "/auth/me", accounts.get_me)
account_rows.row("DELETE", "/auth/accounts/<id>", accounts.disconnect_account)
account_rows.row("POST", "/auth/accounts", accounts.connect_account, status=201)
account_rows.row("GET", "/auth/token-login", token_login.get_token_app)
account_rows.row("POST", "/auth/token-login", token_login.begin_token_login, status=201)
account_rows.row("POST", "/auth/token-login/finish", token_login.finish_token_login)

media_rows = Operations("Media")
media_rows.row("GET", "/media", media.list_media)
media_rows.row("GET", "/media/<id>", media.get_media)
media_rows.row("DELETE", "/media/<id>", media.delete_media)
media_rows.row("POST", "/media/<id>/preview", library.preview_media)
media_rows.row("POST", "/media/<id>/frame", library.frame_media, status=201)
media_rows.row("GET", "/library", library.list_library)
media_rows.row("GET", "/library/<id>", library.get_library_file)
media_rows.row("DELETE", "/library/<id>", library.remove_from_library)

post_rows = Operations("Posts")
post_rows.row("POST", "/posts/draft", posts.create_draft, status=201)
post_rows.row("PUT", "/posts/draft/<id>", posts.update_draft)
post_rows.row("POST", "/posts/draft/<id>/publish", posts.publish_draft, status=202)
post_rows.row("POST", "/posts/publish", posts.publish_post, status=202)
post_rows.row("GET", "/posts", posts.list_posts)
post_rows.row("GET", "/counts", posts.get_counts)
post_rows.row("GET", "/insights", insights.get_insights, codes=_NO_ACCOUNT)
post_rows.row("GET", "/posts/recent-completions", posts.list_recent_completions)
post_rows.row("GET", "/posts/<id>", posts.get_post)
post_rows.row("GET", "/posts/<id>/changes", posts.get_post_changes)
post_rows.row("POST", "/posts/<id>/retry", posts.retry_post, status=202)
post_rows.row("POST", "/posts/<id>/release", posts.release_post)
post_rows.row("POST", "/posts/<id>/reschedule", posts.reschedule_post)
post_rows.row("POST", "/posts/<id>/swap", swapping.swap_posts)
post_rows.row("DELETE", "/posts/<id>", posts.clear_post)
post_rows.row("DELETE", "/posts/<id>/instagram", posts.delete_from_instagram)

schedule_rows = Operations("Schedule")
schedule_rows.row("POST", "/schedule", schedule.create_schedule, status=201)
schedule_rows.row("POST", "/schedule/batch", schedule.schedule_several)
schedule_rows.row("GET", "/schedule", schedule.list_schedule)
schedule_rows.row("GET", "/calendar", schedule.get_calendar)
schedule_rows.row("GET", "/schedule/usual-times", usual_times.get_usual_times)
schedule_rows.row("GET", "/schedule/queue/status", schedule.get_queue_status)
schedule_rows.row("GET", "/schedule/<id>", schedule.get_scheduled)
schedule_rows.row("PUT", "/schedule/<id>", schedule.update_schedule)
schedule_rows.row("DELETE", "/schedule/<id>", schedule.cancel_schedule)

cloud_rows = Operations("Cloudflare")
cloud_rows.row("GET", "/cloudflare/status", cloud.get_cloudflare_status)
cloud_rows.row("GET", "/cloudflare/diagnostics", cloud.get_cloudflare_diagnostics)
cloud_rows.row("GET", "/cloudflare/cron-status", cloud.get_cloudflare_cron_status)
cloud_rows.row("GET", "/cloudflare/kv", cloud.list_cloudflare_kv)

repost_rows = Operations("Story repost")
repost_rows.row("POST", f"{_REPOST}/preview", card_preview.preview_card)
repost_rows.row("POST", f"{_REPOST}/look", card_preview.preview_look)
repost_rows.row("GET", f"{_REPOST}/status", story_repost.get_status)
repost_rows.row("GET", f"{_REPOST}/rails", story_repost.get_rails, codes=_NO_ACCOUNT)
repost_rows.row("POST", f"{_REPOST}/config", story_repost.save_config)
repost_rows.row("DELETE", f"{_REPOST}/config", story_repost.delete_config, codes=_NO_ACCOUNT)
repost_rows.row("POST", f"{_REPOST}/authors", author_rules.rule_author)
repost_rows.row("POST", f"{_REPOST}/enable", story_repost.enable)
repost_rows.row("POST", f"{_REPOST}/disable", story_repost.disable)
repost_rows.row("POST", f"{_REPOST}/scan", story_repost.scan)
repost_rows.row("GET", f"{_REPOST}/history", mentions.get_history)
repost_rows.row("GET", f"{_REPOST}/<id>", mentions.get_repost)
repost_rows.row("GET", f"{_REPOST}/pending", mentions.get_pending)
repost_rows.row("POST", f"{_REPOST}/approve", mentions.approve_several)
repost_rows.row("POST", f"{_REPOST}/skip", mentions.skip_several)
repost_rows.row("POST", f"{_REPOST}/<id>/approve", mentions.approve)
repost_rows.row("POST", f"{_REPOST}/<id>/skip", mentions.skip)
repost_rows.row("PUT", f"{_REPOST}/<id>/card", mentions.choose_card)
repost_rows.row("GET", f"{_REPOST}/<id>/preview", card_preview.preview_repost)
repost_rows.row("POST", f"{_REPOST}/reconsider", mentions.reconsider_several)
repost_rows.row("POST", f"{_REPOST}/<id>/reconsider", mentions.reconsider)
repost_rows.row("POST", f"{_REPOST}/pause", story_repost.pause_reposts)
repost_rows.row("POST", f"{_REPOST}/resume", story_repost.resume_reposts)

stop_rows = Operations("Story repost")
stop_rows.row("POST", "/stop", story_repost.stop_everything)
stop_rows.row("POST", "/go-on", story_repost.go_on)
stop_rows.row("GET", "/stop", story_repost.get_stopped)

login_rows = Operations("Settings")
login_rows.row("POST", _LOGIN, logins.save_credentials, codes={"code": ErrorCode.INVALID_CODE})
login_rows.row(
    "POST",
    f"{_LOGIN}/challenge",
    logins.resolve_challenge,
    codes={**_NO_ACCOUNT, "code": ErrorCode.INVALID_CODE},
)
login_rows.row("POST", f"{_LOGIN}/continue", logins.continue_login)
login_rows.row("POST", f"{_LOGIN}/session", logins.import_session)
login_rows.row("GET", _OPTIONS, logins.get_client_options)
login_rows.row("PUT", _OPTIONS, logins.set_client_options)
login_rows.row("GET", f"{_LOGIN}/<accountId>", logins.probe_credentials)
login_rows.row("DELETE", f"{_LOGIN}/<accountId>", logins.forget_credentials)
login_rows.row("GET", "/settings/account-sessions", account_sessions.list_account_sessions)
login_rows.row(
    "DELETE", "/settings/account-sessions/<accountId>", account_sessions.end_account_session
)
login_rows.row("GET", "/settings/session-phase/<accountId>", logins.get_session_phase)

key_rows = Operations("Settings")
key_rows.row("POST", _KEYS, api_keys.create_api_key, auth=Auth.COOKIE, status=201)
key_rows.row("GET", _KEYS, api_keys.list_api_keys)
key_rows.row("DELETE", f"{_KEYS}/<id>", api_keys.revoke_api_key, auth=Auth.COOKIE)

browser_rows = Operations("Settings")
browser_rows.row("GET", "/settings/browsers", machine.list_browsers)
browser_rows.row(
    "POST", "/settings/browsers/invite", machine.invite_browser, auth=Auth.COOKIE, status=201
)
browser_rows.row("POST", "/settings/browsers/sign-out", machine.sign_browser_out, auth=Auth.COOKIE)

machine_rows = Operations("System")
machine_rows.row("GET", "/system/findings", machine.examine_machine)
machine_rows.row("GET", "/system/room", machine.get_room)
machine_rows.row("GET", "/system/copies", machine.list_copies)
machine_rows.row("POST", "/system/copies", machine.make_copy, status=201)
machine_rows.row("GET", "/system/sandbox", trial.get_sandbox)
machine_rows.row("POST", "/system/sandbox", trial.begin_sandbox, status=202)
machine_rows.row("DELETE", "/system/sandbox", trial.end_sandbox)
machine_rows.row("POST", "/system/sandbox/enter", trial.enter_sandbox)

webhook_rows = Operations("Webhooks")
webhook_rows.row("POST", "/webhooks", webhooks.create_webhook, status=201)
webhook_rows.row("GET", "/webhooks", webhooks.list_webhooks)
webhook_rows.row("DELETE", "/webhooks/<id>", webhooks.delete_webhook)
webhook_rows.row("POST", "/webhooks/<id>/enable", webhooks.enable_webhook)
webhook_rows.row("POST", "/webhooks/<id>/test", webhooks.send_webhook_test, status=202)
webhook_rows.row("POST", "/webhooks/<id>/rotate", webhooks.rotate_webhook_secret)
webhook_rows.row("POST", "/webhooks/<id>/recover", webhooks.recover_webhook, status=202)
webhook_rows.row("GET", "/webhooks/<id>/deliveries", webhooks.list_webhook_deliveries)
webhook_rows.row(
    "POST", "/webhooks/deliveries/<id>/redeliver", webhooks.redeliver_webhook, status=202
)

notify_rows = Operations("Notices")
notify_rows.row("GET", "/notify/quiet", notify.get_quiet_hours)
notify_rows.row("PUT", "/notify/quiet", notify.set_quiet_hours)
notify_rows.row("DELETE", "/notify/quiet", notify.end_quiet_hours)
notify_rows.row("POST", "/notify", notify.create_recipient, status=201)
notify_rows.row("GET", "/notify", notify.list_recipients)
notify_rows.row("DELETE", "/notify/<id>", notify.delete_recipient)
notify_rows.row("POST", "/notify/<id>/enable", notify.enable_recipient)
notify_rows.row("POST", "/notify/<id>/test", notify.send_test_notice, status=202)
notify_rows.row("GET", "/notify/<id>/log", notify.list_notices_told)
