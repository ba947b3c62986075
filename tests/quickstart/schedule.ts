// TypeScript (fetch)
const res = await fetch("http://localhost:3001/api/v1/schedule", {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${process.env.VOIDGRAM_API_KEY}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    accountId,
    mediaFileId,
    mediaType: "IMAGE",
    caption: "Scheduled for tomorrow morning",
    scheduledFor: "2026-04-20T14:00:00.000Z",
    timezone: "America/Los_Angeles",
  }),
});
const job = await res.json();
// { postId, jobId, cloudflareJobId?, scheduledFor, isCloudflare }
