"""What a browser sees of our pages: weight, first paint, long tasks, frames, heap."""
