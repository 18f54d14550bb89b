"""Stand-ins for the services that presets are read from, on this machine: real HTTP for the real clients."""
