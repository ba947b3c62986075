"""Operations for this machine's owner, over a socket in the data directory.

The command line is a client of it: whoever may open the socket owns the data.
"""
