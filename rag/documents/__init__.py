"""A file becomes text, blocks and paragraphs."""
