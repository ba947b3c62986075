let seen = new Set<string>();

setInterval(async () => {
  const res = await fetch(
    `http://localhost:3001/api/v1/story-repost/history?accountId=${accountId}`,
    { headers: { Authorization: `Bearer ${process.env.VOIDGRAM_API_KEY}` } }
  );
  const { reposts } = await res.json();
  for (const r of reposts) {
    if (!seen.has(r.id) && r.status === "PUBLISHED") {
      console.log("new repost", r.id, r.originalUsername);
      seen.add(r.id);
    }
  }
}, 60_000); // once a minute is plenty
