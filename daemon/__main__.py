"""`python -m daemon` is the `reprise` command."""

from cli import main

main()
