"""A simulated backend in a process of its own, its fleet taken into our record, and what polling it costs."""
