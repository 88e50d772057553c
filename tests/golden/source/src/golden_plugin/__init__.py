"""A plugin of level 1 with every hook, kept as it was built."""
