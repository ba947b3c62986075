"""Everything moved: export, import, and the restore of a backup."""
