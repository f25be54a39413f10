"""Word documents: paragraphs, lists with their numbers, tables, notes and readers' comments."""
