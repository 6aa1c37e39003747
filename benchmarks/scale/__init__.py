"""Workers as processes of their own, each polling its share of a fleet's parts."""
