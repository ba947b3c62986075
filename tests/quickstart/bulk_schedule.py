# Python
import os, time, requests
from datetime import datetime, timedelta, timezone

API = "http://localhost:3001/api/v1"
HDR = {"Authorization": f"Bearer {os.environ['VOIDGRAM_API_KEY']}"}

account_ids = [a["id"] for a in requests.get(f"{API}/auth/me", headers=HDR).json()["accounts"]]
media_paths = [f"./queue/{i}.jpg" for i in range(20)]
captions = [f"Batch post #{i}" for i in range(20)]

start = datetime.now(timezone.utc) + timedelta(minutes=10)
STAGGER = timedelta(minutes=20)  # 3 posts/hour per account is comfortable

for i, path in enumerate(media_paths):
    with open(path, "rb") as f:
        media = requests.post(f"{API}/media/upload", headers=HDR, files={"file": f}).json()
    account = account_ids[i % len(account_ids)]  # round-robin
    when = start + STAGGER * (i // len(account_ids))
    requests.post(f"{API}/schedule", headers={**HDR, "Content-Type": "application/json"}, json={
        "accountId": account,
        "mediaFileId": media["id"],
        "mediaType": "IMAGE",
        "caption": captions[i],
        "scheduledFor": when.isoformat(),
        "timezone": "UTC",
    }).raise_for_status()
    time.sleep(0.2)  # stay well under 100 req/min
