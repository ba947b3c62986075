"""HTTP only: parse, call, render. The contract is VoidGram v3.3's `/api/v1`, additive only."""
