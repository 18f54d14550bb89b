"""Finding what is installed: from names in entry-point metadata to the class that a name stands for.

```
names ← entry ← distributions ← scan ← policy ← index ← hints ← registry ← default
                                       specs ← hooks ←──────────┘
```

`default.registry` is the one registry of the process. Nothing here imports a plugin before it is used, nor ever Keras.
"""
