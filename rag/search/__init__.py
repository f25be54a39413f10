"""From a question to passages: three retrievers, one fusion, one ranking."""
