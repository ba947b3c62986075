"""The story-repost engine: from a mention in an inbox to a post, within the safety rails."""
