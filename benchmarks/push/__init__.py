"""Many browsers on one web process: who they are, and the plain broadcast they are measured against."""
