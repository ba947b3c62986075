"""The process: composition, supervision, settings and the command line."""
