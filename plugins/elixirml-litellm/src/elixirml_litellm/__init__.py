"""Language models through litellm, which is imported when the first of them is called."""
