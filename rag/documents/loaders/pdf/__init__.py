"""PDF: characters to lines, columns and paragraphs, by the author's tags or else by geometry."""
