"""Sockets, HTTP, certificates and faults: what carries requests to the simulated Instagram."""
