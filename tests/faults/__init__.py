"""The heavy proofs, one program each: `make faults`. Each is bounded, prints figures and fails when one is wrong."""
