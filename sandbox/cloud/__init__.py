"""The simulated Cloudflare: its management API, and `workerd`, which runs what was uploaded."""
