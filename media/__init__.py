"""Files as media: told apart, decoded, composed, all of it bounded and off the event loop."""
