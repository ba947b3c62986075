"""The page: a face over the operations for people, rendered here and drawn by the browser as is."""
