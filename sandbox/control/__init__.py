"""The sandbox's own HTTP interface."""
