"""Accounts as people and programs set them: added, changed, tested, deleted; one way for pages and REST."""
