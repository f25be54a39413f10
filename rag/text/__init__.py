"""A language's business: words, sentences, dates, names, values. Knows of no document."""
