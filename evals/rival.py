"""LlamaIndex's usual stack on the same folder, for one ratio of `make bench`. Runs in an environment of its own.

    .venv-rival/bin/python evals/rival.py FOLDER MODEL_FOLDER

`SimpleDirectoryReader`, `SentenceSplitter` with its defaults, sentence-transformers' all-MiniLM-L6-v2,
`VectorStoreIndex` over `ChromaVectorStore`. Prints one JSON line: nodes, paragraphs of the input, seconds.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import chromadb
from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.chroma import ChromaVectorStore


def main() -> None:
    folder, model = Path(sys.argv[1]), sys.argv[2]
    embedder = HuggingFaceEmbedding(model_name=model, device="cpu")
    embedder.get_text_embedding("warm")
    with tempfile.TemporaryDirectory() as home:
        collection = chromadb.PersistentClient(home).create_collection("rival", embedding_function=None)
        started = time.perf_counter()
        documents = SimpleDirectoryReader(str(folder)).load_data()
        # One paragraph is one node, as with us: the default splitter would make fewer, longer ones.
        split = SentenceSplitter(chunk_size=512, chunk_overlap=0, paragraph_separator="\n\n", separator="\n\n")
        nodes = split.get_nodes_from_documents(documents)
        storage = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=collection))
        VectorStoreIndex(nodes, storage_context=storage, embed_model=embedder)
        seconds = time.perf_counter() - started
    characters = sum(len(node.get_content()) for node in nodes)
    print(json.dumps({"nodes": len(nodes), "characters": characters, "seconds": seconds}))


if __name__ == "__main__":
    main()
