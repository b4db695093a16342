"""What all domains share: steppers, solutions, ensembles, estimates, verification."""
