"""Pages and plain endpoints, one file each."""
