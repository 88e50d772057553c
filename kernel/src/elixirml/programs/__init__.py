"""Programs: what users declare, how it is checked, and how tuned values are saved."""
