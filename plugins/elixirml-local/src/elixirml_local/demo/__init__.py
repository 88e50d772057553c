"""The demonstration: a real program, tuned on real data by the embedded model, on this machine."""
