"""What pages share: the frame around them, charts, figures in words, CSV, how a sandbox ended, headers and cookies."""
