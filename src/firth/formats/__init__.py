"""Files of vectors: reading goes by content, writing by extension.

====================  =====================  ==========================================================
name                  written for            what it is
====================  =====================  ==========================================================
``native``            a folder               firth's own, which model2vec and sentence-transformers load
``fasttext``          only by name           fastText's own ``.bin``; its quantised ``.ftz`` is read only
``word2vec-binary``   ``.bin``               float32, as word2vec.c and gensim write and read it
``word2vec-text``     ``.txt``, ``.vec``     numbers as text behind a line with the sizes; fastText's ``.vec``
``glove``             only by name           numbers as text, no first line with the sizes
``parquet``           ``.parquet``           columns of words, counts and vectors; needs pyarrow
``arrow``             ``.arrow``             the same as an Arrow file, also ``.feather``; needs pyarrow
``npz``               ``.npz``               NumPy's arrays ``words``, ``vectors``, ``counts``
``npy``               ``.npy``               NumPy's matrix, the words in a file of text beside it
``projector``         only by name           a folder of tables for TensorBoard's embedding projector
``gensim``            never                  gensim's own pickles, ``.kv`` and ``.model``; nothing in them is run
``model2vec``         never                  folders of model2vec and of sentence-transformers' StaticEmbedding
====================  =====================  ==========================================================
"""

from firth.formats.registry import NAMES, detect, dropped, format_for, local, read, write
from firth.formats.table import VectorTable

__all__ = ["NAMES", "VectorTable", "detect", "dropped", "format_for", "local", "read", "write"]
