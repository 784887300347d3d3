"""File formats of the command line that the service does not have: of whole folders, and of tools to correct masks."""
