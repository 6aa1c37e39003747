"""The Cost page: spending by group and time, its charts and tables."""
