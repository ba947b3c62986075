"""The one exit door: everything that goes out to Instagram as a post leaves from here."""
