"""Language models over HTTP: OpenAI-compatible chat and Anthropic messages, on any base URL."""
