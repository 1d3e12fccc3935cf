"""The functions of the state machine: one folder per step, each only a handler."""
