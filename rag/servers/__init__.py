"""Models that run on a server of OpenAI's protocol."""
