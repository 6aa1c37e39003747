"""The servers that the receiver is measured against, and what loads all of them alike."""
