"""The Cleanup page: policies, their form and preview, and what waits in grace."""
