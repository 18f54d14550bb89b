"""Weights between files and Keras variables.

| module | one job |
|---|---|
| `names` | what every weight of a list of layers is called in a file |
| `tensors` | the reading contract: `TensorInfo`, `TensorStore` |
| `stores` | `open_store`: the reader for a file, chosen by the file's name |
| `hdf5`, `safetensors`, `shards` | one reader each |
| `memory_map` | arrays on a copy-on-write memory map |
| `build` | models without values, and giving a variable its value |
| `load` | check every header, then place every tensor |
| `save` | the writers, sharded or not |

The readers import no Keras; `names`, `build`, `load` and `save` do.
"""
