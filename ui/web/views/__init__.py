"""The views of the page: what each lays out, what happens on its events, and its words."""
