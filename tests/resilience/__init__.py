"""Long proofs, one program each (`make resilience`): bounded, print their figures, fail when one is wrong."""
