"""A file format each: bytes in, text and blocks out."""
