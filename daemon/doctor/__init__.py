"""`reprise doctor`: is everything as it must be, and which command mends what is not?"""
