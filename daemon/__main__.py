"""`python -m daemon` is the `reprise` command."""

from daemon.cli import main

main()
