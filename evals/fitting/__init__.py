"""Making the shipped models: the embedder's file, and every number that is fitted on training text."""
