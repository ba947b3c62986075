"""Instagram by session: every read and act of an account over HTTP, from one table of rows."""
