"""What happened: the webhook receiver, the event record and the fold of it into state."""
