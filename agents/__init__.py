"""Agents: the operations as tools of the Model Context Protocol, over stdio and over HTTP.

The SDK takes the better part of a second and 19 MB to import, so whatever imports it is imported
when an agent comes: `mount` and `desk` do not.
"""
