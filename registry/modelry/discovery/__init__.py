"""Finding what is installed: from names in entry-point metadata to the class that a name stands for.

```
names ← entry ← distributions ← scan ← policy ← index ← hints ← registry ← default
        hook_values ← specs ← hook_checks ← hook_group ← hooks ←┘
```

`default.registry` is the one registry of the process. Nothing here imports a plugin before it is used, nor ever Keras.

`survey` looks at the same metadata for another purpose: to tell what is wrong with any of it.

```
distributions, scan, index, compatibility ← contributor, findings ← survey
                                            contributor ← record ← plugin_lock, survey ← lock_check
```

The last row is the lock of plugins: what is installed, held against what was.
"""
