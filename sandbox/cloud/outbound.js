// What the Worker may reach: the hosts that the sandbox plays, each behind a service of its own.
export default {
  async fetch(request, env) {
    const host = env[new URL(request.url).hostname];
    return host ? host.fetch(request) : new Response("The sandbox does not play this host", { status: 530 });
  },
};
