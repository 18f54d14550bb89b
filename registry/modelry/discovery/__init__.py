"""Discovery of installed plugins: from entry-point metadata to the class that a name stands for.

```
names, pip ← entry ← scan ← index ← hints ← registry
             policy ─────────┘               │
             hook_values ← hookspecs ← hooks ┘
```

`registry.registry` is the one registry of the process. Nothing here imports a plugin before it is used, and never
Keras.
"""
