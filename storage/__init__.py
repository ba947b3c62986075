"""The only SQL: one SQLite file, its migrations, the vault, and the media files beside it."""
