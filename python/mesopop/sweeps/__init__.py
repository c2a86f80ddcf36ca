"""Many runs on many machines: grids and lists of parameters, trials, executors, resumption."""
