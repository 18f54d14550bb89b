"""Files of remote presets on this machine: found by what they contain, and never half there."""
