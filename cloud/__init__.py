"""The cloud: a Worker in the user's own Cloudflare account, which works while we are off."""

API = "https://api.cloudflare.com/client/v4"
