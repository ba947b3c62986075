// In front of an uploaded Worker: its cron by HTTP, everything else to the Worker itself.
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname !== "/cdn-cgi/handler/scheduled") return env.MAIN.fetch(request);
    const cron = url.searchParams.get("cron") ?? "";
    const ran = await env.MAIN.scheduled({ scheduledTime: new Date(Number(url.searchParams.get("at"))), cron });
    return new Response(ran.outcome);
  },
};
