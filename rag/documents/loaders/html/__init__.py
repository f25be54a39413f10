"""HTML: what readers see, told apart into the page's own text, readers' comments and page furniture."""
