"""What is kept of a folder: rows with vectors in Chroma, words beside them, and the embedder that made the vectors."""
