"""What a running stack costs while nobody looks: memory and processor by process, and how soon it serves again."""
