"""What the faces that speak HTTP share: how a body is read, and what an answer is."""
