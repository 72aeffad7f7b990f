"""What pages make of numbers: what a cost is made of, what moved it, what stands out, how it ran."""
