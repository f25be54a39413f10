"""A folder of documents becomes verified, cited answers. Start reading at `rag.chatbot`."""
