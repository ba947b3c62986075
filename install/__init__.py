"""The daemon as a service of this machine: units, and their installation."""
