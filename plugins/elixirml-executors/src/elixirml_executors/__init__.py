"""Executors of ElixirML: this process, and worker processes on this machine."""
