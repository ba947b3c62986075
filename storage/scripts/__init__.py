"""What earlier migrations do, as SQL. Never edited: it has been applied."""
