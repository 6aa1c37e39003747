"""What people and programs see: pages, live frames, REST."""
