"""Embedded language models for ElixirML programs, run by llama.cpp in a supervised child process."""
