# mypy: ignore-errors
"""What a deploy asks, asked by Cloudflare's own SDK: `by_python.py URL TOKEN ACCOUNT`.

It compares every answer with the SDK's models, and fails where one does not fit.
"""

import sys

from cloudflare import Cloudflare

url, token, account = sys.argv[1:]
client = Cloudflare(base_url=url, api_token=token, max_retries=0, _strict_response_validation=True)
workers, spaces, buckets = client.workers, client.kv.namespaces, client.r2.buckets

assert client.user.tokens.verify().status == "active"
assert [each.id for each in client.accounts.list()] == [account]
workers.subdomains.update(account_id=account, subdomain="anna")
assert workers.subdomains.get(account_id=account).subdomain == "anna"
space = spaces.create(account_id=account, title="reprise-kv")
assert [each.title for each in spaces.list(account_id=account)] == ["reprise-kv"]
buckets.create(account_id=account, name="reprise-media")
assert [each.name for each in buckets.list(account_id=account).buckets] == ["reprise-media"]
# A zone has fifty fields, of which a deploy reads two.
zone = client.zones.with_raw_response.list(name="example.com").json()["result"][0]
assert list(workers.scripts.list(account_id=account)) == []
metadata = {
    "main_module": "index.js",
    "compatibility_date": "2026-06-01",
    "keep_bindings": ["secret_text"],
    "bindings": [
        {"type": "durable_object_namespace", "name": "LANES", "class_name": "Lane"},
        {"type": "kv_namespace", "name": "KV", "namespace_id": space.id},
        {"type": "r2_bucket", "name": "MEDIA", "bucket_name": "reprise-media"},
        {"type": "plain_text", "name": "VERSION", "text": "1"},
        {"type": "secret_text", "name": "WORKER_TOKEN", "text": "secret"},
    ],
    "migrations": {"new_tag": "v1", "steps": [{"new_sqlite_classes": ["Lane"]}]},
}
module = ("index.js", b"export class Lane {}; export default {};", "application/javascript+module")
name = "reprise-worker"
workers.scripts.update(
    name,
    account_id=account,
    metadata=metadata,
    files=[module],
    extra_query={"excludeScript": "true"},
)
assert [each.id for each in workers.scripts.list(account_id=account)] == [name]
workers.scripts.subdomain.create(name, account_id=account, enabled=True, previews_enabled=False)
crons = workers.scripts.schedules.update(name, account_id=account, body=[{"cron": "*/1 * * * *"}])
assert [each.cron for each in crons.schedules] == ["*/1 * * * *"]
workers.scripts.schedules.get(name, account_id=account)
assert [each.name for each in workers.scripts.secrets.list(name, account_id=account)] == [
    "WORKER_TOKEN"
]
led = workers.domains.update(
    account_id=account,
    hostname="media.example.com",
    service=name,
    zone_id=zone["id"],
)
assert led.hostname == "media.example.com"
assert len(list(workers.domains.list(account_id=account))) == 1
assert list(spaces.keys.list(space.id, account_id=account)) == []
workers.scripts.delete(name, account_id=account, force=True)
workers.domains.delete(led.id, account_id=account)
assert list(workers.domains.list(account_id=account)) == []
spaces.delete(space.id, account_id=account)
assert buckets.get("reprise-media", account_id=account).name == "reprise-media"
files = buckets.objects
mine = {"account_id": account, "bucket_name": "reprise-media"}
kept = list(files.list("reprise-media", account_id=account, per_page=1000))
assert [(each.key, each.size) for each in kept] == [("1.jpg", 3)]
assert files.delete("1.jpg", **mine).key == "1.jpg"
assert list(files.list("reprise-media", account_id=account)) == []
buckets.delete("reprise-media", account_id=account)
assert buckets.list(account_id=account).buckets == []
